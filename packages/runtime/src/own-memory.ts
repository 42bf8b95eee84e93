/** Bodies that do not change with the memory that they were made of: what is encoded refers to that of typed arrays. */

import type { EncodedBody } from '@dialback/protocol'
import type { Encoded } from './carrier.ts'

/** What was encoded, to be sent later as well. */
export function inOwnMemory(encoded: Encoded): Encoded {
  return encoded.body.buffers.length === 0 ? encoded : { ...encoded, body: copyOfBody(encoded.body) }
}

/** (The `slice` of a `Buffer` would be that of the original.) */
export function copyOfBody({ head, buffers }: EncodedBody): EncodedBody {
  return { head: new Uint8Array(head), buffers: buffers.map((buffer) => new Uint8Array(buffer)) }
}
