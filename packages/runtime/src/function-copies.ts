/**
 * What a function captured is, in each call and each `pmap`, as it was when that was made, whatever the function did to it
 * there before: who is sent a function keeps what was sent, to make it again of that.
 */

import { bodyBytes, type EncodedBody } from '@dialback/protocol'

/** What is larger is sent again instead, for it would be in the memory of each worker twice. */
const maxKeptBytes = 32 * 1024 * 1024

/** Whether the receiver keeps it. References to values are counted by how often they were sent, so those are sent again. */
export function isKept(body: EncodedBody, handles: readonly number[] | undefined): boolean {
  return handles === undefined && bodyBytes(body) <= maxKeptBytes
}

/** What is made of a body may have its memory. (The `slice` of a `Buffer` would be that of the original.) */
export function copyOfBody({ head, buffers }: EncodedBody): EncodedBody {
  return { head: new Uint8Array(head), buffers: buffers.map((buffer) => new Uint8Array(buffer)) }
}
