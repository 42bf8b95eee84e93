/** Writes WebSocket frames (RFC 6455 §5.2), each a whole message. */

import type { Duplex } from 'node:stream'

/** Up to this size a payload is copied behind its head: one buffer is written faster than two. */
const copiedBytes = 16_384

export interface FrameToWrite {
  readonly kind: number
  readonly payload: Uint8Array
  /**
   * Clients must mask. They do so with zeros, which changes nothing: masks guard browsers' proxies (RFC 6455 §10.3), and
   * neither end is a browser.
   */
  readonly isClient: boolean
}

/** `written` is called when the frame has left, or never will. */
export function writeFrame(stream: Duplex, frame: FrameToWrite, written?: () => void): void {
  const { payload } = frame
  const isCopied = payload.byteLength <= copiedBytes
  const headBytes = headLength(frame)
  const head = Buffer.allocUnsafe(isCopied ? headBytes + payload.byteLength : headBytes)
  fillHead(head, headBytes, frame)
  if (isCopied) {
    head.set(payload, headBytes)
    stream.write(head, written)
    return
  }
  stream.cork()
  stream.write(head)
  stream.write(payload, written)
  stream.uncork()
}

function headLength({ payload, isClient }: FrameToWrite): number {
  const { byteLength } = payload
  return (byteLength < 126 ? 2 : byteLength < 65_536 ? 4 : 10) + (isClient ? 4 : 0)
}

function fillHead(head: Buffer, headBytes: number, { kind, payload, isClient }: FrameToWrite): void {
  const { byteLength } = payload
  const maskBit = isClient ? 0x80 : 0
  head[0] = 0x80 | kind
  if (byteLength < 126) head[1] = maskBit | byteLength
  else if (byteLength < 65_536) {
    head[1] = maskBit | 126
    head.writeUInt16BE(byteLength, 2)
  } else {
    head[1] = maskBit | 127
    head.writeUInt32BE(Math.floor(byteLength / 2 ** 32), 2)
    head.writeUInt32BE(byteLength % 2 ** 32, 6)
  }
  if (isClient) head.fill(0, headBytes - 4, headBytes)
}
