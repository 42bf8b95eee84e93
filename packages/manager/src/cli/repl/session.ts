/** An interactive session: Node's own REPL, with TypeScript, workers, and lines of theirs that do not tear what is typed. */

import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { type REPLServer, Recoverable, start } from 'node:repl'
import { setImmediate as afterAnswers } from 'node:timers/promises'
import { sessionGlobals, terminalBottom } from '@dialback/runtime'
import { failureText } from '../command-error.ts'
import { historyFile } from './history-file.ts'
import { promptLine } from './prompt-line.ts'
import { toJavaScript } from './to-javascript.ts'

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
    input: process.stdin,
    output,
    terminal: isTerminal,
    useGlobal: true,
    breakEvalOnSigint: isTerminal,
  })
  const history = historyFile(process.env)
  if (isTerminal && history !== '') server.setupHistory(history, () => {})
  const state = watchPrompt(server, output)
  interruptBySignal(server, output, state, options)
  const leave = (code: number): void => void endProcess(options.end, code)
  server.once('exit', () => leave(0))
  // As process 1 of a pod it would not end at these by itself.
  process.once('SIGTERM', () => leave(143))
  process.once('SIGHUP', () => leave(129))
}

/** What the user has left running, a timer perhaps, may take this long. */
const leftRunningMs = 3_000

/** The process ends by itself, so that whatever belonged to the workers elsewhere is seen to as after a script. */
async function endProcess(endWorkers: () => Promise<void>, code: number): Promise<void> {
  process.exitCode = code
  process.stdin.pause()
  try {
    await endWorkers()
  } catch (error) {
    process.stderr.write(`${failureText(error, false)}\n`)
  } finally {
    setTimeout(() => process.exit(), leftRunningMs).unref()
  }
}

interface PromptState {
  /** Whether something was typed that is not done. */
  isEvaluating: boolean
  /** Until all workers have stopped: the prompt comes then, for what is typed next must not be stopped with the rest. */
  interrupting: Promise<void> | undefined
}

/** Keeps the prompt at the bottom while it is there, and code TypeScript's. */
function watchPrompt(server: REPLServer, output: NodeJS.WritableStream): PromptState {
  const state: PromptState = { isEvaluating: false, interrupting: undefined }
  const display = server.displayPrompt.bind(server)
  const prompt = promptLine(server, output, () => display(true))
  server.displayPrompt = (preserveCursor) => {
    state.isEvaluating = false
    if (state.interrupting !== undefined) return
    display(preserveCursor)
    terminalBottom.take(prompt)
  }
  terminalBottom.take(prompt)
  const evaluate = server.eval.bind(server)
  Object.assign(server, {
    eval: (code: string, ...[context, file, done]: EvaluationArguments) => {
      state.isEvaluating = true
      terminalBottom.leave(prompt)
      // Without a second argument there is no result to show.
      const finish = (...args: Parameters<typeof done>): void => {
        const [error] = args
        // More is to be typed, at the same prompt.
        if (error instanceof Recoverable) state.isEvaluating = false
        done(...args)
        if (error instanceof Recoverable) terminalBottom.take(prompt)
      }
      let javaScript: string
      try {
        javaScript = toJavaScript(code)
      } catch (error) {
        finish(error instanceof Error ? error : new Error(String(error)))
        return
      }
      Reflect.apply(evaluate, server, [javaScript, context, file, finish])
    },
  })
  server.once('exit', () => terminalBottom.leave(prompt))
  return state
}

type EvaluationArguments = [
  context: unknown,
  file: string,
  done: (error: Error | null, result?: unknown) => void,
]

/** Ctrl-C stops what was typed and what it runs on the workers; unlike Node's, however often, never the session. */
function interruptBySignal(
  server: REPLServer,
  output: NodeJS.WritableStream,
  state: PromptState,
  { interrupt }: SessionOptions,
): void {
  const listeners = server.listeners('SIGINT')
  const asNodeDoes = (): void => {
    for (const listener of listeners) Reflect.apply(listener, server, [])
  }
  const interruptEvaluation = async (): Promise<void> => {
    await interrupt()
    await afterAnswers()
    state.interrupting = undefined
    if (state.isEvaluating) asNodeDoes()
    else server.displayPrompt()
  }
  server.removeAllListeners('SIGINT')
  server.on('SIGINT', () => {
    if (state.isEvaluating) state.interrupting ??= interruptEvaluation()
    else if (server.line !== '' || server.editorMode) asNodeDoes()
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
