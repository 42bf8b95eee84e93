/** The payload of a message between encoding and decoding: opaque to whatever only moves it. */

/**
 * An encoded value. `head` is msgpack; `buffers` are the bytes of large `ArrayBuffer`s, kept out of `head` so that
 * they are never copied into it: decoding gives each back as an `ArrayBuffer` of exactly that length.
 */
export interface EncodedBody {
  readonly head: Uint8Array
  readonly buffers: readonly Uint8Array[]
}

export const emptyBody: EncodedBody = { head: new Uint8Array(0), buffers: [] }

/** The length of all its parts in bytes. */
export function bodyBytes(body: EncodedBody): number {
  let bytes = body.head.byteLength
  for (const buffer of body.buffers) bytes += buffer.byteLength
  return bytes
}
