/** Bodies that do not change with the memory that they were made of: what is encoded refers to that of typed arrays. */

import { bodyBytes, type EncodedBody } from '@dialback/protocol'
import type { Encoded } from './body-encoder.ts'

/** A small worker would not have the memory for more than one copy of what is larger. */
const maxCopiedBytes = 32 * 1024 * 1024

/** What was encoded, to be sent later as well; what is larger than 32 MiB as it is by then. */
export function inOwnMemory(encoded: Encoded): Encoded {
  const { body } = encoded
  const isCopied = body.buffers.length > 0 && bodyBytes(body) <= maxCopiedBytes
  return isCopied ? { ...encoded, body: copyOfBody(body) } : encoded
}

/** (The `slice` of a `Buffer` would be that of the original.) */
export function copyOfBody({ head, buffers }: EncodedBody): EncodedBody {
  return { head: new Uint8Array(head), buffers: buffers.map((buffer) => new Uint8Array(buffer)) }
}
