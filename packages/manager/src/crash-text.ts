/** Pure: what a crash writes, read. */

/** Its error rather than the stack and the version that stand behind that. */
export function tellingLine(lines: readonly string[]): string | undefined {
  const isError = (line: string): boolean => /^(Uncaught )?\[?[\w.]*(Error|Exception)\b/.test(line)
  const isNoise = (line: string): boolean => /^\s*(at .*|[{}]?|Node\.js v[\d.]+)$/.test(line)
  return lines.findLast(isError) ?? lines.findLast((line) => !isNoise(line))
}

/**
 * V8 aborts when its heap is full, of the process or of a thread, and says so on stderr first. A stack follows, whose
 * first frames tell it too where the line itself was cut off.
 */
export function tellsHeapOutOfMemory(lines: readonly string[]): boolean {
  return lines.some((line) => heapOutOfMemory.test(line))
}

/** What the agent writes last when it ends, with code 1, because nobody answers it any more. */
export function tellsLostManager(lines: readonly string[]): boolean {
  return lines.at(-1)?.startsWith('the manager is gone: ') === true
}

const heapOutOfMemory =
  /heap.*out of memory|invalid array length|allocation failed|OOMErrorHandler|FatalProcessOutOfMemory/i
