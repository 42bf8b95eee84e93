import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { main } from './support/dialback-command.ts'
import { processesLeft, testIdVariable } from './support/processes.ts'
import { withTempDir } from './support/temp-dir.ts'
import { startOnTerminal } from './support/terminal.ts'

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
