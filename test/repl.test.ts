import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { processesLeft, testIdVariable } from './support/processes.ts'
import { runScript } from './support/run-script.ts'
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

test('dialback repl reads a program that is piped into it', async () => {
  const program = 'const add = (a: number, b: number) => a + b\nawait remoteCallFetch(add, 2, 40, 2)\n'

  const { code, stdout } = await runScript(main, { args: ['repl', '-n', '1'], input: program })

  expect(code).toBe(0)
  expect(stdout).toMatch(/^dialback> undefined\ndialback> 42\n(dialback> )?$/)
})
