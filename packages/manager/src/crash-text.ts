/** Pure: what a crash writes, read. */

/**
 * An exit code and what the last lines have to say to it. What was thrown, rather than the stack and the version that stand behind
 * that, is why the process ended; of anything else that came last nobody knows whether it has to do with it.
 */
export function exitDetail(exitCode: number, lines: readonly string[]): string {
  const detail = `exit code ${exitCode}`
  // With another code the program itself chose to end: what it had told of before it may have dealt with.
  const cause = exitCode === 1 ? lines.findLast((line) => errorLine.test(line)) : undefined
  if (cause !== undefined) return `${detail}: ${cause}`
  const told = lines.filter((line) => !noise.test(line))
  // What is indented belongs to a line before it.
  const last = told.findLast((line) => !/^\s/.test(line)) ?? told.at(-1)
  return last === undefined ? detail : `${detail}, last output: ${last}`
}

/** An error's first line as Node prints it, and what the agent says of its own end. */
const errorLine = /^(Uncaught .|\[?[\w.]*(Error|Exception)\b|cannot start: |the manager is gone: )/
const noise = /^\s*(at .*|[{}]?|Node\.js v[\d.]+)$/

/**
 * V8 aborts when its heap is full, of the process or of a thread, and says so on stderr first. A stack follows, whose
 * first frames tell it too where the line itself was cut off.
 */
export function tellsHeapOutOfMemory(lines: readonly string[]): boolean {
  return lines.some((line) => heapOutOfMemory.test(line))
}

/** With code 1; where something blocks a thread, such as `execFileSync`, the agent kills itself. */
const lostManagerCodes: ReadonlySet<number | undefined> = new Set([1, 137])

/** Whether the agent ended because nobody answered it any more: it writes so last. */
export function tellsLostManager(exitCode: number | undefined, lines: readonly string[]): boolean {
  return lostManagerCodes.has(exitCode) && lines.at(-1)?.startsWith('the manager is gone: ') === true
}

const heapOutOfMemory =
  /heap.*out of memory|invalid array length|allocation failed|OOMErrorHandler|FatalProcessOutOfMemory/i
