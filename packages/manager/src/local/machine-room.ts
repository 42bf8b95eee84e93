/** Pure: refuses more workers than a machine has room for, which it would otherwise start until nothing else runs there. */

const mib = 2 ** 20
/** Less than any worker takes, and any thread of one: what might do somewhere is not refused. */
const processBytes = 12 * mib
const threadBytes = 4 * mib

/** @throws {RangeError} that says how many there is room for, and repeats what was asked for. */
export function checkRoom(np: number, threads: number, memoryBytes: number): void {
  const workerBytes = processBytes + threads * threadBytes
  const most = Math.floor(memoryBytes / workerBytes)
  if (np <= most || np === 0) return
  const [memory, each] = [memoryBytes, workerBytes].map((bytes) => `${Math.floor(bytes / mib)} MiB`)
  const what = `a worker with ${threads} ${threads === 1 ? 'thread' : 'threads'} takes at least ${each}`
  throw new RangeError(`np must be at most ${most}, for this machine has ${memory} and ${what}: ${np}`)
}
