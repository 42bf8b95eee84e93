/** A session without a terminal: what comes on its input is done as if it were typed, one line after another. */

import { createInterface } from 'node:readline'
import type { REPLServer } from 'node:repl'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Evaluations } from './evaluations.ts'

/** As Node has it for a module that awaits what never comes. */
const unsettledCode = 13

/**
 * Ends the session where the input ends. Node's REPL waits for nothing but keys of a terminal: it takes the lines of a pipe
 * while those before are still awaited. So it is given them here, one after another.
 *
 * @param server reads nothing by itself
 * @param leaving fires where the session ends for another reason
 */
export async function readProgram(
  input: NodeJS.ReadableStream,
  server: REPLServer,
  evaluations: Evaluations,
  leaving: AbortSignal,
): Promise<void> {
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  let isOver = false
  const leave = (): void => {
    isOver = true
    lines.close()
  }
  server.once('exit', leave)
  leaving.addEventListener('abort', leave)
  process.once('beforeExit', () => {
    if (isOver) return
    process.stderr.write('dialback error: Nothing is left that could settle what is awaited\n')
    process.exitCode = unsettledCode
    server.close()
  })
  for await (const line of lines) {
    if (isOver) return
    server.emit('line', line)
    await evaluations.done()
    // `.exit` takes effect a little later.
    await nextTurn()
  }
  if (isOver) return
  const { unfinished } = evaluations
  if (unfinished !== undefined) server.output.write(`Uncaught ${unfinished.name}: ${unfinished.message}\n`)
  server.close()
}
