/** Sends a large body as chunks, no more of them under way than the receiver has taken. */

import type { EncodedBody } from './body.ts'
import { limits } from './limits.ts'
import type { Chunk, SharedSlot } from './message.ts'
import type { SharedMemory } from './shared-memory.ts'

export type SendChunk = (header: Chunk, bytes: Uint8Array | null) => void

/** A piece of the body that is not sent yet: copied, because the caller may change its buffers after the call. */
interface Piece {
  readonly slot?: SharedSlot
  readonly bytes?: Uint8Array
}

export class BodySender {
  readonly #stream: number
  readonly #send: SendChunk
  readonly #memory: SharedMemory | undefined
  #waiting: Piece[] = []
  /** What was sent and not credited, oldest first. */
  #underWay: Piece[] = []
  #bytesUnderWay = 0

  constructor(stream: number, body: EncodedBody, memory: SharedMemory | undefined, send: SendChunk) {
    this.#stream = stream
    this.#send = send
    this.#memory = memory
    for (const part of [body.head, ...body.buffers]) this.#cut(part)
    this.#pump()
  }

  /** The receiver has taken `chunks` more. True when it has all. */
  credit(chunks: number): boolean {
    for (let i = 0; i < chunks; i++) {
      const piece = this.#underWay.shift()
      if (piece === undefined) break
      this.#bytesUnderWay -= piece.bytes?.byteLength ?? 0
      if (piece.slot !== undefined) this.#memory?.free(piece.slot)
    }
    this.#pump()
    return this.#underWay.length === 0 && this.#waiting.length === 0
  }

  /** The receiver is gone. */
  abandon(): void {
    for (const { slot } of [...this.#underWay, ...this.#waiting])
      if (slot !== undefined) this.#memory?.free(slot)
    this.#underWay = []
    this.#waiting = []
  }

  /** Pieces never span two parts, so that the receiver reads each straight to its place. */
  #cut(part: Uint8Array): void {
    let at = 0
    // After the first piece that did not fit into shared memory none may overtake it.
    while (at < part.byteLength && this.#waiting.length === 0) {
      const slot = this.#memory?.write(part.subarray(at, at + limits.sharedSlotBytes))
      if (slot === undefined) break
      at += slot.length
      // At once: the receiver reads this piece while the next one is written.
      this.#sendPiece({ slot })
    }
    if (at === part.byteLength) return
    // Not `slice`, which a Buffer does without copying.
    const rest = new Uint8Array(part.subarray(at))
    for (let from = 0; from < rest.byteLength; from += limits.chunkBytes) {
      this.#waiting.push({ bytes: rest.subarray(from, from + limits.chunkBytes) })
    }
  }

  #pump(): void {
    while (this.#waiting.length > 0 && this.#bytesUnderWay < limits.streamWindowBytes) {
      const piece = this.#waiting.shift()
      if (piece === undefined) return
      this.#sendPiece(piece)
    }
  }

  #sendPiece(piece: Piece): void {
    this.#underWay.push(piece)
    this.#bytesUnderWay += piece.bytes?.byteLength ?? 0
    const header: Chunk =
      piece.slot === undefined
        ? { type: 'chunk', stream: this.#stream }
        : { type: 'chunk', stream: this.#stream, slot: piece.slot }
    this.#send(header, piece.bytes ?? null)
  }
}
