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
  /** Chunks that have come and that the sink has not credited, and bytes that have not come, so that the end is known. */
  #uncredited = 0
  #missingBytes: number
  /** In memory that the sink cannot read; they stay there until it has room. */
  readonly #waiting: Piece[] = []
  /** Of chunks that the sink has not credited, if they were copied for it. */
  readonly #copiedBytes: number[] = []

  /** `header` announced the body. */
  constructor(header: Header, { source, sink, holder, answers, passed }: RelayedBodyOptions) {
    this.source = source
    this.sink = sink
    this.holder = holder
    this.answers = answers
    this.#passed = passed
    this.#handles = header.handles ?? []
    this.#missingBytes = (header.parts ?? []).reduce((sum, length) => sum + length, 0)
  }

  /** All of it has come, and the sink has taken it. */
  get isOver(): boolean {
    return this.#uncredited === 0 && this.#missingBytes <= 0
  }

  /** References, `[ref, count, …]`, of which the sink will not let go by itself, for the rest of the body never comes. */
  get unreleased(): readonly number[] {
    return this.#missingBytes > 0 || this.#waiting.length > 0 ? releasedOf(this.#handles) : []
  }

  /** @throws {ProtocolError} when it is in memory that is not shared. */
  add(header: Chunk, bytes: Uint8Array | null): void {
    const { slot } = header
    if (slot !== undefined && !this.source.sharesMemory)
      throw new ProtocolError('Received a chunk in memory that is not shared')
    this.#uncredited += 1
    this.#missingBytes -= slot?.length ?? bytes?.byteLength ?? 0
    if (!this.#isCopied) {
      this.sink.link.send(header, bytes)
      this.#passed(bytes?.byteLength ?? 0)
      return
    }
    this.#waiting.push({ header, bytes })
    this.#copy()
  }

  /** The sink has taken `chunks` more. */
  credit(chunks: number): void {
    this.#uncredited -= chunks
    this.#copiedBytes.splice(0, chunks)
    this.#copy()
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
