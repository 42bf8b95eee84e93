/** An interactive session: Node's own REPL, with TypeScript, workers, and lines of theirs that do not tear what is typed. */

import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { type REPLServer, start } from 'node:repl'
import { PassThrough } from 'node:stream'
import { setImmediate as afterAnswers } from 'node:timers/promises'
import { DialbackError } from '@dialback/protocol'
import { sessionGlobals } from '@dialback/runtime'
import { failureText } from '../command-error.ts'
import { errorText, plainText } from '../error-text.ts'
import { Evaluations } from './evaluations.ts'
import { historyFile } from './history-file.ts'
import { readProgram } from './read-program.ts'

export interface SessionOptions {
  /** What is in scope: the namespace of `@dialback/manager`. */
  readonly api: Readonly<Record<string, unknown>>
  /** Where that was loaded from: what imports `@dialback/manager` gets the same. */
  readonly apiUrl: string
  readonly banner: string
  /** Stops what runs on the workers. */
  readonly interrupt: () => Promise<void>
  /** Ends the workers. */
  readonly end: () => Promise<void>
  /** What is thrown is shown with all that is known of it. */
  readonly isVerbose: boolean
}

/** Starts a session; when its user leaves it, the process ends. */
export function startSession(options: SessionOptions): void {
  // Node says once that this is experimental, which is nothing to the user.
  withoutWarnings(() => stripTypeScriptTypes(''))
  for (const [name, value] of Object.entries(options.api)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true, enumerable: false })
    sessionGlobals.add(name)
  }
  registerHooks({
    resolve: (specifier, context, nextResolve) =>
      specifier === '@dialback/manager'
        ? { url: options.apiUrl, shortCircuit: true }
        : nextResolve(specifier, context),
  })
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY
  const output = ownOutput()
  if (isTerminal) output.write(options.banner)
  const server = start({
    prompt: 'dialback> ',
    // Without a terminal readProgram reads, and nothing comes here.
    input: isTerminal ? process.stdin : new PassThrough(),
    output,
    terminal: isTerminal,
    useGlobal: true,
    breakEvalOnSigint: isTerminal,
  })
  const history = historyFile(process.env)
  if (isTerminal && history !== '') server.setupHistory(history, () => {})
  const evaluations = new Evaluations(server, output)
  if (!options.isVerbose) showBriefly(server, evaluations)
  interruptBySignal(server, output, evaluations, options)
  const leaving = new AbortController()
  if (!isTerminal) void readProgram(process.stdin, server, evaluations, leaving.signal)
  const leave = (code: number | string, exit: () => void = () => process.exit()): void => {
    leaving.abort()
    void endProcess(options.end, code, exit)
  }
  // The user may have set one.
  server.once('exit', () => leave(process.exitCode ?? 0, exitOnceRead))
  // As process 1 of a pod it would not end at these by itself.
  process.once('SIGTERM', () => leave(143))
  process.once('SIGHUP', () => leave(129))
}

/** What the user has left running, a timer perhaps, may take this long. */
const leftRunningMs = 3_000

/** The process ends by itself, so that whatever belonged to the workers elsewhere is seen to as after a script. */
async function endProcess(
  endWorkers: () => Promise<void>,
  code: number | string,
  exit: () => void,
): Promise<void> {
  process.exitCode = code
  process.stdin.pause()
  try {
    await endWorkers()
  } catch (error) {
    process.stderr.write(`${failureText(error, false)}\n`)
  } finally {
    setTimeout(exit, leftRunningMs).unref()
  }
}

/** Whoever reads a pipe may be slower than what is left running may be. */
function exitOnceRead(): void {
  process.stdout.write('', () => process.stderr.write('', () => process.exit()))
}

/** What is thrown; a result, be it an error, is shown as Node shows it. */
function showBriefly(server: REPLServer, evaluations: Evaluations): void {
  // The cast: as it stands, it takes anything and needs no `this`.
  const show = server.writer.bind(server)
  const isOurs = (error: unknown): boolean => error instanceof DialbackError
  const showThrown = (error: unknown): string => errorText(error, isOurs) ?? plainText(error, show)
  Object.assign(server, {
    writer: (value: unknown) => (evaluations.isShowingResult ? show(value) : showThrown(value)),
  })
}

/** Ctrl-C stops what was typed and what it runs on the workers; unlike Node's, however often, never the session. */
function interruptBySignal(
  server: REPLServer,
  output: NodeJS.WritableStream,
  evaluations: Evaluations,
  { interrupt }: SessionOptions,
): void {
  const listeners = server.listeners('SIGINT')
  const asNodeDoes = (): void => {
    for (const listener of listeners) Reflect.apply(listener, server, [])
  }
  server.removeAllListeners('SIGINT')
  server.on('SIGINT', () => {
    if (evaluations.isRunning) {
      evaluations.interrupt(async () => {
        await interrupt()
        await afterAnswers()
        return asNodeDoes
      })
    } else if (server.line !== '' || server.editorMode) asNodeDoes()
    else {
      void interrupt()
      output.write('\n(Ctrl-D or .exit ends the session)\n')
      server.displayPrompt()
    }
  })
}

/** The terminal as the session itself writes to it; `process.stdout` is what others write to. */
function ownOutput(): NodeJS.WriteStream {
  const { stdout } = process
  const write = stdout.write.bind(stdout)
  // The cast: an object that differs in this method alone.
  return Object.create(stdout, { write: { value: write } }) as NodeJS.WriteStream
}

function withoutWarnings(run: () => void): void {
  const original: unknown = Reflect.get(process, 'emitWarning')
  process.emitWarning = () => {}
  run()
  Reflect.set(process, 'emitWarning', original)
}
