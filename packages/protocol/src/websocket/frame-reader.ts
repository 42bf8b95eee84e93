/** Cuts a stream of bytes into WebSocket frames (RFC 6455 §5.2), each whole message in one. */

/** Of frames, and of why a connection is closed (RFC 6455 §5.2, §7.4.1). */
export const opcode = { binary: 2, close: 8, ping: 9, pong: 10 } as const
export const closeCode = { normal: 1000, protocolError: 1002, unsupported: 1003, tooBig: 1009 } as const

export interface FrameReaderOptions {
  /** Whether the peer is a client, which must mask. */
  readonly isPeerClient: boolean
  readonly maxPayloadBytes: number
  /** The payload may be a view of what was added. */
  frame(kind: number, payload: Buffer): void
}

/** The peer broke the rules; `code` is what the connection is to be closed with. */
export class FrameError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

interface Head {
  readonly kind: number
  readonly headBytes: number
  readonly payloadBytes: number
  /** Zero: nothing is masked. */
  readonly mask: number
}

const maxControlBytes = 125

export class FrameReader {
  readonly #options: FrameReaderOptions
  /** The start of a frame whose head is not whole. */
  #rest: Buffer | undefined
  /** A frame whose payload is not whole. */
  #head: Head | undefined
  #parts: Buffer[] = []
  #missingBytes = 0

  constructor(options: FrameReaderOptions) {
    this.#options = options
  }

  /** Takes what came next. @throws {FrameError} when it is not what a peer may send. */
  add(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    this.#rest = undefined
    let at = this.#head === undefined ? 0 : this.#addPart(bytes, this.#head)
    while (at < bytes.byteLength) {
      const head = this.#readHead(bytes, at)
      if (head === undefined) {
        this.#rest = bytes.subarray(at)
        return
      }
      at += head.headBytes
      const end = at + head.payloadBytes
      if (end > bytes.byteLength) {
        this.#head = head
        this.#parts = [bytes.subarray(at)]
        this.#missingBytes = end - bytes.byteLength
        return
      }
      this.#deliver(head, bytes.subarray(at, end))
      at = end
    }
  }

  /** Gives where the next frame begins. */
  #addPart(bytes: Buffer, head: Head): number {
    const end = Math.min(this.#missingBytes, bytes.byteLength)
    this.#parts.push(bytes.subarray(0, end))
    this.#missingBytes -= end
    if (this.#missingBytes > 0) return end
    const payload = Buffer.concat(this.#parts, head.payloadBytes)
    this.#head = undefined
    this.#parts = []
    this.#deliver(head, payload)
    return end
  }

  #readHead(bytes: Buffer, at: number): Head | undefined {
    const available = bytes.byteLength - at
    if (available < 2) return undefined
    const first = bytes[at] ?? 0
    const second = bytes[at + 1] ?? 0
    const isMasked = second >= 0x80
    const length = second & 0x7f
    const lengthBytes = length === 126 ? 2 : length === 127 ? 8 : 0
    const headBytes = 2 + lengthBytes + (isMasked ? 4 : 0)
    if (available < headBytes) return undefined
    const payloadBytes = lengthBytes === 0 ? length : readLength(bytes, at + 2, lengthBytes)
    this.#check(first, isMasked, payloadBytes)
    const mask = isMasked ? bytes.readUInt32BE(at + headBytes - 4) : 0
    return { kind: first & 0x0f, headBytes, payloadBytes, mask }
  }

  #check(first: number, isMasked: boolean, payloadBytes: number): void {
    const { isPeerClient, maxPayloadBytes } = this.#options
    const kind = first & 0x0f
    const isControl = kind >= opcode.close && kind <= opcode.pong
    if ((first & 0x70) !== 0) throw new FrameError(closeCode.protocolError, 'Reserved bits are set')
    if (isMasked !== isPeerClient)
      throw new FrameError(closeCode.protocolError, isMasked ? 'Frame is masked' : 'Frame is not masked')
    if (!isControl && kind !== opcode.binary)
      throw new FrameError(closeCode.unsupported, `Frame of unsupported kind ${kind}`)
    if ((first & 0x80) === 0) throw new FrameError(closeCode.unsupported, 'Message is in several frames')
    if (isControl && payloadBytes > maxControlBytes)
      throw new FrameError(closeCode.protocolError, 'Control frame is too long')
    if (payloadBytes > maxPayloadBytes) throw new FrameError(closeCode.tooBig, 'Max payload size exceeded')
  }

  #deliver({ kind, mask }: Head, payload: Buffer): void {
    if (mask !== 0) unmask(payload, mask)
    this.#options.frame(kind, payload)
  }
}

function readLength(bytes: Buffer, at: number, lengthBytes: number): number {
  if (lengthBytes === 2) return bytes.readUInt16BE(at)
  return bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)
}

function unmask(payload: Buffer, mask: number): void {
  for (let i = 0; i < payload.byteLength; i++)
    payload[i] = (payload[i] ?? 0) ^ ((mask >>> (24 - 8 * (i & 3))) & 0xff)
}
