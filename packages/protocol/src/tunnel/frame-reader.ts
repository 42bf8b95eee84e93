/** Takes a stream of bytes apart into frames, however it was cut. Pure; keeps at most one header or short content. */

import { ProtocolError } from '../errors.ts'
import { decodeHeader, type FrameHeader, headerBytes, type TunnelFrame } from './frame.ts'

type WithContent = Extract<FrameHeader, { readonly length: number }>

export class FrameReader {
  readonly #frame: (frame: TunnelFrame) => void
  /** Of the header, or of the content of a frame that is only passed on whole. */
  #kept: Uint8Array[] = []
  #missing = headerBytes
  #header: WithContent | undefined

  /** @param frame is called with each frame; with `data` as soon as any of its bytes are there. */
  constructor(frame: (frame: TunnelFrame) => void) {
    this.#frame = frame
  }

  /** @throws {ProtocolError} when the bytes are no frames; what was before them has been passed on. */
  push(chunk: Uint8Array): void {
    let rest = chunk
    while (rest.byteLength > 0) {
      const part = rest.subarray(0, this.#missing)
      rest = rest.subarray(part.byteLength)
      this.#missing -= part.byteLength
      if (this.#header?.type === 'data') {
        const { connection } = this.#header
        if (this.#missing === 0) this.#begin()
        this.#frame({ type: 'data', connection, bytes: part })
      } else {
        this.#kept.push(part)
        if (this.#missing === 0) this.#complete()
      }
    }
  }

  #complete(): void {
    const bytes = this.#kept.length === 1 ? this.#kept[0] : Buffer.concat(this.#kept)
    const of = this.#header
    this.#begin()
    // Nothing was kept only where no content was expected.
    const content = bytes ?? new Uint8Array(0)
    if (of !== undefined) this.#frame(withContent(of, content))
    else this.#decide(decodeHeader(content))
  }

  #decide(header: FrameHeader): void {
    if (!('length' in header)) this.#frame(header)
    else if (header.length === 0) this.#frame(withContent(header, new Uint8Array(0)))
    else {
      this.#header = header
      this.#missing = header.length
    }
  }

  #begin(): void {
    this.#kept = []
    this.#header = undefined
    this.#missing = headerBytes
  }
}

function withContent({ type, connection }: WithContent, bytes: Uint8Array): TunnelFrame {
  if (type === 'message') return { type, bytes }
  if (type === 'data') return { type, connection, bytes }
  const address = Buffer.from(bytes).toString('latin1')
  if (!/^[\w.:%-]*$/.test(address))
    throw new ProtocolError(
      `Received a tunnel frame with an address that is none: ${JSON.stringify(address)}`,
    )
  return { type, connection, address }
}
