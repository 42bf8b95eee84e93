/** A large body that passes through the manager, chunk by chunk: what it holds of it is bounded by the window of a stream. */

import { type Header, holdsOneChunk, limits, type Mailbox, ProtocolError } from '@dialback/protocol'
import { releasedOf } from '@dialback/runtime'

export interface RelayedBodyOptions {
  readonly source: Mailbox
  readonly sink: Mailbox
  /** What the sink counts its references for. */
  readonly holder: number
  /** The call or fetch whose answer this is. */
  readonly answers: number | undefined
  /** So many bytes went through this process' own memory. */
  readonly passed: (bytes: number) => void
}

type Chunk = Header & { readonly type: 'chunk' }

interface Piece {
  readonly header: Chunk
  readonly bytes: Uint8Array | null
}

export class RelayedBody {
  readonly source: Mailbox
  readonly sink: Mailbox
  readonly holder: number
  readonly answers: number | undefined
  readonly #passed: (bytes: number) => void
  readonly #handles: readonly number[]
  /** Chunks that have come and that the sink has not credited. */
  #uncredited = 0
  /** What has not come: of the part that is under way, and of all, so that the end is known. */
  readonly #parts: Iterator<number>
  #missingOfPart = 0
  #missingBytes: number
  /** In memory that the sink cannot read; they stay there until it has room. */
  readonly #waiting: Piece[] = []
  /** Of chunks that the sink has not credited, if they were copied for it. */
  readonly #copiedBytes: number[] = []

  /** `header` announced the body. @throws {ProtocolError} when it has nothing, or more than it may. */
  constructor(header: Header, { source, sink, holder, answers, passed }: RelayedBodyOptions) {
    this.source = source
    this.sink = sink
    this.holder = holder
    this.answers = answers
    this.#passed = passed
    this.#handles = header.handles ?? []
    const parts = (header.parts ?? []).filter((length) => length > 0)
    this.#parts = parts.values()
    this.#missingBytes = parts.reduce((sum, length) => sum + length, 0)
    if (this.#missingBytes === 0 || this.#missingBytes > limits.maxBodyBytes)
      throw new ProtocolError(`Received ${header.type} with a body of ${this.#missingBytes} bytes as chunks`)
  }

  /** All of it has come, and the sink has taken it. */
  get isOver(): boolean {
    return this.#uncredited === 0 && this.#missingBytes <= 0
  }

  /** References, `[ref, count, …]`, of which the sink will not let go by itself, for the rest of the body never comes. */
  get unreleased(): readonly number[] {
    return this.#missingBytes > 0 || this.#waiting.length > 0 ? releasedOf(this.#handles) : []
  }

  /** @throws {ProtocolError} when it is in memory that is not shared, or does not fit the body. */
  add(header: Chunk, bytes: Uint8Array | null): void {
    const { slot } = header
    if (slot !== undefined && !this.source.sharesMemory)
      throw new ProtocolError('Received a chunk in memory that is not shared')
    this.#fit(slot?.length ?? bytes?.byteLength ?? 0)
    this.#uncredited += 1
    if (!this.#isCopied) {
      this.sink.link.send(header, bytes)
      this.#passed(bytes?.byteLength ?? 0)
      return
    }
    this.#waiting.push({ header, bytes })
    this.#copy()
  }

  /** The sink has taken `chunks` more. @throws {ProtocolError} when it cannot have. */
  credit(chunks: number): void {
    if (chunks > this.#uncredited - this.#waiting.length)
      throw new ProtocolError(`Received credit for ${chunks} chunks, of which fewer were sent`)
    this.#uncredited -= chunks
    this.#copiedBytes.splice(0, chunks)
    this.#copy()
  }

  /** None is empty, and none spans two parts: the sink would break off with us. */
  #fit(length: number): void {
    if (this.#missingOfPart === 0) this.#missingOfPart = Number(this.#parts.next().value ?? 0)
    if (length === 0 || length > this.#missingOfPart)
      throw new ProtocolError(`Received a chunk of ${length} bytes that does not fit its body`)
    this.#missingOfPart -= length
    this.#missingBytes -= length
  }

  /** The sink is on another machine than the source. */
  get #isCopied(): boolean {
    return this.source.sharesMemory && !this.sink.sharesMemory
  }

  #copy(): void {
    let held = this.#copiedBytes.reduce((sum, bytes) => sum + bytes, 0)
    while (held < limits.streamWindowBytes) {
      const [piece] = this.#waiting
      const bytes = piece && this.#read(piece)
      // Without them the source is gone: whoever takes it out of the relay tells the sink.
      if (piece === undefined || bytes === undefined) return
      this.#waiting.shift()
      this.sink.link.send({ type: 'chunk', stream: piece.header.stream }, bytes)
      this.#copiedBytes.push(bytes.byteLength)
      this.#passed(bytes.byteLength)
      held += bytes.byteLength
    }
  }

  #read({ header: { slot }, bytes }: Piece): Uint8Array | undefined {
    if (slot === undefined) return bytes ?? undefined
    try {
      const copy = this.source.readShared(slot)
      holdsOneChunk(copy)
      return copy
    } catch {
      return undefined
    }
  }
}
