import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { on, once } from 'node:events'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { main } from './support/dialback-command.ts'
import { processesLeft, testIdVariable } from './support/processes.ts'
import { root, runScript } from './support/run-script.ts'

/** Gives a program to a session by a pipe. */
async function pipe(lines: readonly string[], args: readonly string[] = []) {
  const testId = randomUUID()
  const input = lines.join('\n')
  const end = await runScript(main, { args: ['repl', ...args], input, env: { [testIdVariable]: testId } })
  expect(await processesLeft(testId)).toEqual([])
  return end
}

test('dialback repl does what is piped into it line by line, and waits for what is awaited', async () => {
  const { code, stdout } = await pipe([
    '// workers first',
    'await addProcs(2)',
    'const later = <T>(value: T) => new Promise<T>((resolve) => setTimeout(resolve, 300, value))',
    'let seen: number[] = []',
    'seen.push(await later(1))',
    'seen.push(await remoteCallFetch(later, 2, 2))',
    'interface Named {',
    '  name: string',
    '}',
    '',
    '/* more',
    '   to say */ for (const n of [3, 4]) {',
    '  seen.push(n)',
    '}',
    'seen',
    'await pmap(later, workers())',
  ])

  expect(stdout).toBe(
    [
      'undefined',
      '[ 2, 3 ]',
      'undefined',
      'undefined',
      '1',
      '2',
      '| | undefined',
      'dialback> | | | 4',
      '[ 1, 2, 3, 4 ]',
      '[ 2, 3 ]',
      '',
    ]
      .map((line) => `dialback> ${line}`)
      .join('\n'),
  )
  expect(code).toBe(0)
})

test('dialback repl sends a function with what was declared only after it had been sent', async () => {
  const { stdout } = await pipe(
    [
      'const kind = () => typeof declaredLater',
      'await remoteCallFetch(kind, 2)',
      'let declaredLater = 5',
      'await remoteCallFetch(kind, 2)',
    ],
    ['-n', '1'],
  )

  expect(stdout.match(/'\w+'/g)).toEqual(["'undefined'", "'number'"])
})

test('dialback repl goes on after what a line of a pipe throws, whether at once, later or beside it', async () => {
  const { code, stdout } = await pipe(
    [
      'throw new TypeError("at once")',
      'await remoteCallFetch(() => process.exit(3), 2)',
      'setTimeout(() => { throw new RangeError("beside it") }, 50); await new Promise((resolve) => setTimeout(resolve, 500, 5))',
      'await addProcs(1)',
      'const = 3',
      '.nothing',
      'await Promise.resolve("the last")',
    ],
    ['-n', '1'],
  )

  expect(stdout).toBe(
    [
      'Uncaught TypeError: at once',
      'Uncaught WorkerTerminatedError: Worker 2 was terminated due to: Exited (exit code 3)',
      'Uncaught RangeError: beside it\n5',
      '[ 3 ]',
      'Uncaught SyntaxError: Expected identifier but found "="',
      'Invalid REPL keyword',
      "'the last'",
      '',
    ]
      .map((line) => `dialback> ${line}`)
      .join('\n'),
  )
  expect(code).toBe(0)
})

test('dialback repl ends a pipe at .exit, with the code that was set, and says what never came', async () => {
  const exited = await pipe(['await addProcs(1)', 'process.exitCode = 4', '.exit', 'console.log("too late")'])
  expect(exited).toMatchObject({ code: 4, stdout: 'dialback> [ 2 ]\ndialback> 4\ndialback> ' })

  const open = await pipe(['await Promise.resolve(1)', 'if (true) {', '  2'])
  expect(open.stdout).toBe('dialback> 1\ndialback> | | Uncaught SyntaxError: Unexpected end of file\n')
  expect(open.code).toBe(0)

  const waiting = await pipe(['await new Promise(() => {})', '1'], ['-n', '1'])
  expect(waiting.stderr).toContain('dialback error: Nothing is left that could settle what is awaited\n')
  expect(waiting).toMatchObject({ code: 13, stdout: 'dialback> ' })
})

test.each([
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)(
  'dialback repl that %s ends while its pipe is open ends its workers, with the code %i',
  async (signal, code) => {
    const testId = randomUUID()
    const child = spawn(process.execPath, [main, 'repl', '-n', '1'], {
      cwd: root,
      env: { ...process.env, [testIdVariable]: testId },
      stdio: 'pipe',
    })
    const shown: string[] = []
    child.stderr.setEncoding('utf8').on('data', (text: string) => shown.push(text))
    child.stdin.write('workers()\n')
    // The answer: the session reads its pipe.
    child.stdout.setEncoding('utf8')
    for await (const [text] of on(child.stdout, 'data') as AsyncIterable<[string]>)
      if (text.includes('[ 2 ]')) break

    child.kill(signal)
    await once(child, 'close')

    expect([child.exitCode, child.signalCode]).toEqual([code, null])
    expect(shown.join('')).toBe('dialback info: local-2 is up\n')
    expect(await processesLeft(testId)).toEqual([])
  },
)

test('dialback repl shows all that it has written to a reader that is slow', async () => {
  const child = spawn(process.execPath, [main, 'repl'], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end("console.log('x'.repeat(3_000_000))\n")

  // Longer than what is left running may be.
  await Promise.race([once(child, 'exit'), delay(4_500)])
  const shown = await text(child.stdout)

  expect(shown.match(/x+/)?.[0]).toHaveLength(3_000_000)
})

test('dialback repl ends with 141 when nobody reads its output any more', async () => {
  const child = spawn(process.execPath, [main, 'repl'], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdout.destroy()
  child.stdin.on('error', () => {}).write('1\n')

  expect(await once(child, 'exit')).toEqual([141, null])
})
