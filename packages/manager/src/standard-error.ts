/** Standard error of this process, where the library's lines go by default: who reads it may be slow, or gone. */

/** What may wait to be read, in bytes, before whoever writes more is asked to wait. */
const mostWaiting = 1024 * 1024

/** Writes text. The promise, where there is one, resolves when all of it has been taken: until then no more is to come. */
export function writeToStandardError(text: string): Promise<void> | undefined {
  const { promise, resolve } = Promise.withResolvers<void>()
  process.stderr.write(text, (error) => {
    if (error) expectError()
    resolve()
  })
  // Of what replaces the stream, as test runners do, this is undefined.
  return process.stderr.writableLength > mostWaiting ? promise : undefined
}

/**
 * As with `console.error`, nobody being left to read is no reason to end the process. The stream emits its `error` after
 * this, and a listener of the user's hears of it as of any other.
 */
function expectError(): void {
  if (process.stderr.listenerCount('error') === 0) process.stderr.once('error', () => {})
}
