/**
 * The time in ms, by a clock that never goes back; only differences mean something, and not with `performance.now()`, which
 * has another origin. To read that one Node first loads its performance hooks, in each thread.
 */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}
