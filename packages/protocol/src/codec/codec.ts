/** Values to bytes and back: all that structured clone knows, and, through hooks, functions, class instances and handles. */

import { bodyBytes, type EncodedBody, emptyBody } from '../body.ts'
import { ProtocolError, SerializationError } from '../errors.ts'
import { BlobReader, noBlobs } from './blob-reader.ts'
import { Decoder } from './decoder.ts'
import { Encoder } from './encoder.ts'
import type { CodecHooks } from './hooks.ts'
import { unpackHead } from './msgpack.ts'
import { pathText, type Root } from './path.ts'

/**
 * Encodes and decodes values; keeps nothing from one call to the next.
 *
 * What arrives is a copy in which references are shared as they were. Differences from `structuredClone`: functions, class
 * instances and handles travel as the hooks say; errors keep their class and every own property; `URL`s travel; private
 * fields of classes do not. A view that is alone and uses at most half of a large `ArrayBuffer` takes only its part along.
 */
export class Codec {
  readonly #hooks: CodecHooks

  constructor(hooks: CodecHooks) {
    this.#hooks = hooks
  }

  /**
   * Encodes a value. `root` begins the paths in errors, for example `fn`, or for each item of a list, `argument 1`.
   *
   * The `buffers` of the result are the value's own memory: to be copied or written before the caller can change it, and never
   * transferred. A small `head` is a part of Node's buffer pool, which it keeps alive: to be copied where it is kept for long.
   *
   * @throws {SerializationError} when a part of it cannot travel; its message says which. What else the hooks throw is passed on.
   */
  encode(value: unknown, root: Root): EncodedBody {
    if (value === undefined) return emptyBody
    const encoder = new Encoder(this.#hooks, root)
    try {
      return encoder.encode(value)
    } catch (error) {
      if (error instanceof SerializationError || encoder.isInHook) throw error
      throw new SerializationError(pathText(root, []), 'value that cannot be read', { cause: error })
    }
  }

  /**
   * Decodes a body of any origin. Its `buffers` may become part of the value.
   *
   * @throws {ProtocolError} when it is not what `encode` gives; what the hooks throw is passed on.
   */
  decode(body: EncodedBody): unknown {
    if (body.head.byteLength === 0) return undefined
    const { items, table, inline } = unpackHead(body.head)
    const isSimple = table === undefined && body.buffers.length === 0
    const blobs = isSimple ? noBlobs : new BlobReader(table, inline, body.buffers)
    const decoder = new Decoder(this.#hooks, { items, blobs, bodyBytes: bodyBytes(body) })
    try {
      return decoder.decode()
    } catch (error) {
      if (error instanceof ProtocolError || decoder.isInHook) throw error
      throw new ProtocolError('Cannot decode a body: malformed value', { cause: error })
    }
  }
}
