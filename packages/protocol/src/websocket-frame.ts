/** What `ws` makes of a small binary message, in one buffer: it writes two, which costs the system more than the copy. */

/** Larger messages are copied for longer than a second buffer takes. */
export const largestFrame = 4096

/** A whole message as one frame (RFC 6455 §5.2). `isMasked`: of a client, with a mask of zeros, as `webSocketClientOptions` has it. */
export function binaryFrame(message: Uint8Array, isMasked: boolean): Buffer {
  const { byteLength } = message
  const maskAt = byteLength < 126 ? 2 : 4
  const start = isMasked ? maskAt + 4 : maskAt
  const frame = Buffer.allocUnsafe(start + byteLength)
  const mask = isMasked ? 0x80 : 0
  // The last fragment, of binary data.
  frame[0] = 0x82
  if (byteLength < 126) frame[1] = mask | byteLength
  else {
    frame[1] = mask | 126
    frame.writeUInt16BE(byteLength, 2)
  }
  if (isMasked) frame.writeUInt32BE(0, maskAt)
  frame.set(message, start)
  return frame
}
