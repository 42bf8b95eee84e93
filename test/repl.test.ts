import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { on, once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { processesLeft, testIdVariable } from './support/processes.ts'
import { root, runScript } from './support/run-script.ts'
import { withTempDir } from './support/temp-dir.ts'
import { startOnTerminal } from './support/terminal.ts'

const main = 'packages/manager/src/cli/main.ts'
const prompt = 'dialback> '
const [ctrlC, ctrlD, tab] = ['\u0003', '\u0004', '\t']

/** A session on a terminal, at its first prompt. */
async function startSession(args: readonly string[] = []) {
  const dir = await withTempDir()
  const testId = randomUUID()
  const history = join(dir.path, 'state', 'history')
  const terminal = startOnTerminal(main, {
    args: ['repl', ...args],
    env: { DIALBACK_REPL_HISTORY: history, [testIdVariable]: testId },
  })
  await terminal.shows(prompt)
  return {
    terminal,
    history,
    testId,
    /** Types a line, and gives what is shown until the next prompt. */
    enter: async (line: string): Promise<string> => {
      terminal.type(`${line}\r`)
      await terminal.shows('\n')
      return (await terminal.shows(new RegExp(`(^|\\n)${prompt}$`))).slice(0, -prompt.length)
    },
    [Symbol.asyncDispose]: async () => {
      terminal.kill()
      await terminal.ended
      await dir[Symbol.asyncDispose]()
    },
  }
}

test('dialback repl runs a session: workers, pmap, everywhere, a worker that dies, Ctrl-D', async () => {
  await using session = await startSession()
  const { enter, terminal, testId } = session

  const added = await enter('await addProcs(3)')
  expect(added.split('\n').toSorted()).toEqual([
    '',
    '[ 2, 3, 4 ]',
    'dialback info: local-2 is up',
    'dialback info: local-3 is up',
    'dialback info: local-4 is up',
  ])
  expect(await enter('await pmap((x: number) => myid(), Array(nworkers()).fill(0))')).toBe('[ 2, 3, 4 ]\n')
  expect(await enter('await everywhere({ die: (code: number) => process.exit(code) })')).toBe('undefined\n')
  expect(await enter('await remoteCallFetch(() => die(3), workers().at(-1))')).toMatch(
    /^dialback warning: Worker 4 was terminated due to: Exited \(exit code 3\)\nUncaught WorkerTerminatedError: Worker 4 was terminated due to: Exited \(exit code 3\)\n/,
  )
  expect(await enter('workers()')).toBe('[ 2, 3 ]\n')

  terminal.type(ctrlD)

  expect(await terminal.ended).toBe(0)
  expect(await processesLeft(testId)).toEqual([])
})

test('dialback repl takes TypeScript, on several lines, and what is typed travels', async () => {
  await using session = await startSession(['-n', '1'])
  const { enter, terminal } = session

  expect(await enter('interface Named { name: string }')).toBe('undefined\n')
  terminal.type('class Point implements Named {\r  constructor(readonly x: number, readonly name = "p") {}\r')
  await terminal.shows('| ')
  terminal.type('  get double(): number { return 2 * this.x }\r}\r')
  await terminal.shows(`undefined\n${prompt}`)
  expect(await enter('enum Size { small = 3, big }')).toBe('undefined\n')
  expect(await enter('let scale: number = 10')).toBe('undefined\n')
  expect(await enter('function scaled(point: Point) { return point.double * scale + Size.big }')).toBe(
    'undefined\n',
  )
  expect(await enter('await pmap(scaled, [new Point(1), new Point(2)])')).toBe('[ 24, 44 ]\n')
  expect(await enter('scale = 100; await remoteCallFetch(scaled, 2, new Point(1))')).toBe('204\n')
  expect(await enter('import { basename, join as joined } from "node:path"')).toBe('undefined\n')
  expect(await enter('await remoteCallFetch(() => basename(joined("a", "b")), 2)')).toBe("'b'\n")
  expect(await enter('import { pmap as again } from "@dialback/manager"')).toBe('undefined\n')
  expect(await enter('again === pmap')).toBe('true\n')
  expect(await enter('{ a: 1, b: 2 }')).toBe('{ a: 1, b: 2 }\n')
  expect(await enter('const = 3')).toBe('Uncaught SyntaxError: Expected identifier but found "="\n')
})

test('dialback repl interrupts what runs on the workers at Ctrl-C, and goes on', async () => {
  await using session = await startSession(['-n', '2'])
  const { enter, terminal } = session

  terminal.type('await pmap(() => { console.log("busy"); for (;;) {} }, [1, 2])\r')
  await terminal.shows('\tbusy\n')
  await terminal.shows('\tbusy\n')
  terminal.type(ctrlC)

  expect(await terminal.shows(new RegExp(`\\n${prompt}$`))).toMatch(
    /Uncaught RemoteError: On worker [23]: AbortError: Interrupted\n/,
  )
  expect(await enter('await pmap(() => myid(), [1, 2])')).toBe('[ 2, 3 ]\n')
  // However often, with nothing to interrupt, it does not end the session.
  for (let i = 0; i < 3; i++) {
    terminal.type(ctrlC)
    await terminal.shows(`(Ctrl-D or .exit ends the session)\n${prompt}`)
  }
  expect(await enter('1 + 1')).toBe('2\n')
})

test('dialback repl shows lines of workers above what is being typed', async () => {
  await using session = await startSession(['-n', '1'])
  const { terminal, enter } = session
  await enter('const say = () => void setTimeout(() => console.log("from there"))')

  terminal.type('remoteDo(say, 2), 5')
  await terminal.shows('5')
  terminal.type('\r')
  await terminal.shows(`      From worker 2:\tfrom there\n${prompt}`)
  terminal.type('const typed = ')
  await terminal.shows('typed = ')
  terminal.type('7\r')

  await terminal.shows(`undefined\n${prompt}`)
  expect(await enter('typed')).toBe('7\n')
})

test('dialback repl completes, keeps a history, and lists its commands', async () => {
  await using session = await startSession()
  const { terminal, enter, history } = session

  terminal.type(`rmPr${tab}`)
  await terminal.shows('rmProcs')
  terminal.type(`${ctrlC}`)
  await terminal.shows(`\n${prompt}`)
  expect(await enter('')).toBe('')
  expect(await enter('.help')).toContain('.exit     Exit the REPL\n')
  expect(await enter('21 * 2')).toBe('42\n')
  terminal.type(ctrlD)
  await terminal.ended

  expect((await readFile(history, 'utf8')).split('\n').slice(0, 2)).toEqual(['21 * 2', '.help'])
})

test('dialback repl shows of an error what tells, and all of it when asked', async () => {
  await using session = await startSession(['-n', '1'])
  const { enter } = session
  await enter('class Odd extends Error { constructor(n: number) { super("it is odd"); this.n = n } }')
  await enter('function check(n: number) { throw new Odd(n) }')

  expect(await enter('await pmap(check, [7])')).toBe(
    'Uncaught RemoteError: On worker 2: Error: it is odd\n    at check (REPL2:1:35) {\n  n: 7\n}\n',
  )
  expect(await enter('_error')).toContain(
    "  code: 'REMOTE',\n  workerId: 2,\n  [cause]: Odd [Error]: it is odd\n",
  )
  expect(await enter('nothing()')).toBe('Uncaught ReferenceError: nothing is not defined\n')
  expect(await enter('await remoteCallFetch(() => process.exit(3), 2)')).toBe(
    'dialback warning: Worker 2 was terminated due to: Exited (exit code 3)\n' +
      'Uncaught WorkerTerminatedError: Worker 2 was terminated due to: Exited (exit code 3)\n',
  )
})

test('dialback repl does what is pasted line by line, and waits for what is awaited', async () => {
  await using session = await startSession()
  const { terminal, testId } = session

  terminal.type(
    'await addProcs(1)\rawait remoteCallFetch(async () => {\r  return 40\r}, 2)\r_ + workers().at(-1)\r.exit\r',
  )

  expect(await terminal.ended).toBe(0)
  await terminal.shows('\n[ 2 ]\n')
  await terminal.shows('\n40\n')
  await terminal.shows('\n42\n')
  expect(await processesLeft(testId)).toEqual([])
})

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

test('dialback repl writes nothing that a dumb terminal does not understand', async () => {
  const terminal = startOnTerminal(main, {
    args: ['repl', '-n', '1'],
    env: { DIALBACK_REPL_HISTORY: '', TERM: 'dumb' },
  })
  await terminal.shows(prompt)
  terminal.type("remoteDo(() => console.log('written there'), 2)\r")
  await terminal.shows('written there')
  terminal.type('await pmap((n) => n, [1, 2], { progress: true })\r')
  await terminal.shows('[ 1, 2 ]')
  terminal.type('.exit\r')

  expect(await terminal.ended).toBe(0)
  expect(terminal.raw()).toContain('From worker 2:\twritten there')
  expect(terminal.raw()).not.toContain('\u001b')
})
