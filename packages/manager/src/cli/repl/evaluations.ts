/** What is typed into a session, while it is done: as TypeScript, with its prompt kept at the bottom of the screen meanwhile. */

import { type REPLServer, Recoverable } from 'node:repl'
import { terminalBottom } from '@dialback/runtime'
import { promptLine } from './prompt-line.ts'
import { toJavaScript } from './to-javascript.ts'

type EvaluationArguments = [
  context: unknown,
  file: string,
  done: (error: Error | null, result?: unknown) => void,
]

type Evaluate = (javaScript: string, finish: EvaluationArguments[2]) => void

/** All that goes through one session's `eval`. */
export class Evaluations {
  readonly #server: REPLServer
  readonly #display: (preserveCursor?: boolean) => void
  readonly #prompt: ReturnType<typeof promptLine>
  #current: PromiseWithResolvers<void> | undefined
  #unfinished: Error | undefined
  /** Something else has thrown, such as a timer: that is shown, and what was typed goes on. */
  #isStray = false
  /** Until all workers have stopped: the prompt comes then, for what is typed next must not be stopped with the rest. */
  #isInterrupting = false
  #isShowingResult = false

  constructor(server: REPLServer, output: NodeJS.WritableStream) {
    this.#server = server
    this.#display = server.displayPrompt.bind(server)
    this.#prompt = promptLine(server, output, () => this.#display(true))
    server.displayPrompt = (preserveCursor) => this.#promptAgain(preserveCursor)
    terminalBottom.take(this.#prompt)
    const evaluate = server.eval.bind(server)
    Object.assign(server, {
      eval: (code: string, ...[context, file, done]: EvaluationArguments) => {
        // Named: Node shows the frames of an error down to the last one without a name, which is what was typed.
        const run: Evaluate = (javaScript, finish) => {
          Reflect.apply(evaluate, server, [javaScript, context, file, finish])
        }
        this.#begin(code, done, run)
      },
    })
    process.on('uncaughtExceptionMonitor', () => {
      this.#isStray = this.isRunning
    })
    server.once('exit', () => {
      this.#end()
      terminalBottom.leave(this.#prompt)
    })
  }

  /** Whether something was typed that is not done. */
  get isRunning(): boolean {
    return this.#current !== undefined
  }

  /** Resolves once that is done, at once where there is nothing. */
  async done(): Promise<void> {
    await this.#current?.promise
  }

  /** Whether what is shown now is a result, rather than what was thrown. */
  get isShowingResult(): boolean {
    return this.#isShowingResult
  }

  /** Why what was typed last is not complete; undefined where it is. */
  get unfinished(): Error | undefined {
    return this.#unfinished
  }

  /** @param stop stops the workers, and gives what stops the rest */
  interrupt(stop: () => Promise<() => void>): void {
    if (this.#isInterrupting) return
    this.#isInterrupting = true
    void stop().then((stopRest) => {
      this.#isInterrupting = false
      if (this.isRunning) stopRest()
      else this.#server.displayPrompt()
    })
  }

  #begin(code: string, done: EvaluationArguments[2], evaluate: Evaluate): void {
    this.#current = Promise.withResolvers()
    this.#unfinished = undefined
    terminalBottom.leave(this.#prompt)
    // Without a second argument there is no result to show.
    const finish = (...args: Parameters<typeof done>): void => {
      const [error] = args
      if (!(error instanceof Recoverable)) {
        this.#isShowingResult = error === null
        done(...args)
        this.#isShowingResult = false
        return
      }
      // More is to be typed, at the same prompt.
      this.#unfinished = error.err
      this.#end()
      done(...args)
      terminalBottom.take(this.#prompt)
    }
    let javaScript: string
    try {
      javaScript = toJavaScript(code)
    } catch (error) {
      finish(error instanceof Error ? error : new Error(String(error)))
      return
    }
    evaluate(javaScript, finish)
  }

  /** It is what Node does last, also where something was thrown and `finish` is never called. */
  #promptAgain(preserveCursor: boolean | undefined): void {
    if (this.#isStray) {
      this.#isStray = false
      return
    }
    this.#end()
    if (this.#isInterrupting) return
    this.#display(preserveCursor)
    terminalBottom.take(this.#prompt)
  }

  #end(): void {
    this.#current?.resolve()
    this.#current = undefined
  }
}
