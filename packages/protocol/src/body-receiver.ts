/** Puts a body together from its chunks, each part in a buffer of exactly its length. */

import { type EncodedBody, emptyBody } from './body.ts'
import { ProtocolError } from './errors.ts'
import { limits } from './limits.ts'
import type { Chunk, Header } from './message.ts'
import type { SharedMemoryReader } from './shared-memory.ts'

export class BodyReceiver {
  readonly #parts: Uint8Array[]
  readonly #memory: SharedMemoryReader
  #part = 0
  #at = 0

  /** `lengths`: of the head and of each buffer, in bytes. @throws {ProtocolError} when they are nothing or exceed the limit. */
  constructor(lengths: readonly number[], memory: SharedMemoryReader) {
    let total = 0
    for (const length of lengths) total += length
    if (total === 0 || total > limits.maxBodyBytes)
      throw new ProtocolError(`Received a body of ${total} bytes in ${lengths.length} parts`)
    this.#memory = memory
    this.#parts = lengths.map((length) => Buffer.allocUnsafeSlow(length))
    this.#skipFullParts()
  }

  get isComplete(): boolean {
    return this.#part === this.#parts.length
  }

  /** The body, once complete. */
  get body(): EncodedBody {
    const [head, ...buffers] = this.#parts
    if (head === undefined || !this.isComplete) throw new Error('Cannot take a body before it is complete')
    return { head, buffers }
  }

  /** @throws {ProtocolError} when the chunk does not fit. */
  add(header: Chunk, bytes: Uint8Array | null): void {
    const part = this.#parts[this.#part]
    const length = header.slot?.length ?? bytes?.byteLength ?? 0
    if (part === undefined || length === 0 || this.#at + length > part.byteLength) {
      throw new ProtocolError(`Received a chunk of ${length} bytes that does not fit its body`)
    }
    if (header.slot !== undefined) this.#memory.read(header.slot, part.subarray(this.#at, this.#at + length))
    else if (bytes !== null) part.set(bytes, this.#at)
    this.#at += length
    this.#skipFullParts()
  }

  #skipFullParts(): void {
    while (this.#part < this.#parts.length && this.#at === this.#parts[this.#part]?.byteLength) {
      this.#part += 1
      this.#at = 0
    }
  }
}

/** The body in a frame, as views of it. @throws {ProtocolError} when its parts are not what the header says. */
export function inlineBody(header: Header, bytes: Uint8Array | null): EncodedBody {
  if (header.parts === undefined) return bytes === null ? emptyBody : { head: bytes, buffers: [] }
  const parts: Uint8Array[] = []
  let at = 0
  for (const length of header.parts) {
    parts.push(bytes?.subarray(at, at + length) ?? emptyBody.head)
    at += length
  }
  const [head, ...buffers] = parts
  if (head === undefined || at !== bytes?.byteLength)
    throw new ProtocolError(`Received ${header.type} whose parts are not its body`)
  return { head, buffers }
}
