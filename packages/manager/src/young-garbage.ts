/**
 * Has V8 collect its young objects while large bodies pass through this process. Node reads sockets into a new buffer each
 * time, of which V8 counts the small object in front: left to itself it lets some 50 MiB of them lie before it collects.
 */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** So much may lie. A collection takes about a millisecond, in which as much passes as a quarter of this. */
const mostBytes = 2_097_152

export class YoungGarbage {
  #bytes = 0
  #collect: (() => void) | undefined

  /** So many bytes were read, and are of no use any more. */
  add(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes < mostBytes) return
    this.#bytes = 0
    this.#collect ??= collector()
    this.#collect()
  }
}

/** V8 gives this function to contexts that are made while the flag is set, and to no others. */
function collector(): () => void {
  const given: unknown = Reflect.get(globalThis, 'gc')
  if (given === undefined) setFlagsFromString('--expose-gc')
  const collect = (given ?? runInNewContext('gc')) as (options: { readonly type: 'minor' }) => void
  if (given === undefined) setFlagsFromString('--no-expose-gc')
  return () => collect({ type: 'minor' })
}
