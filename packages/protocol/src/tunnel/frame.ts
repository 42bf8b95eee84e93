/** Frames of the tunnel: many connections over one stream of bytes. Pure; docs/protocol.md, "The tunnel". */

import { ProtocolError } from '../errors.ts'

/** What both ends agree on without saying so. Sizes in bytes, times in ms. */
export const tunnelLimits = {
  /** What one data frame carries at most: connections take turns by frames. */
  maxDataBytes: 32_768,
  /** What may be sent over a new connection before the other end grants more. */
  initialWindowBytes: 65_536,
  /** A window is never larger than this. */
  maxWindowBytes: 1_048_576,
  /** Shared by the windows of all connections of one end: with many of them, each is smaller. */
  windowBudgetBytes: 134_217_728,
  maxConnections: 4_096,
  maxMessageBytes: 65_536,
  maxAddressBytes: 64,
  /** Unsent bytes above which the other end counts as one that does not read. */
  maxUnsentBytes: 1_048_576,
  pingIntervalMs: 3_000,
  /** Less than workers' own limit (15 s): there has to be time to open another stream, and for them to dial again. */
  silenceLimitMs: 7_000,
} as const

export type TunnelFrame =
  /** Relay → manager: somebody connected, from `address`. */
  | { readonly type: 'open'; readonly connection: number; readonly address: string }
  /** Bytes of a connection; the receiver may see one frame as several. */
  | { readonly type: 'data'; readonly connection: number; readonly bytes: Uint8Array }
  /** The sender of this has taken bytes: so many more may be sent. */
  | { readonly type: 'window'; readonly connection: number; readonly bytes: number }
  /** No more bytes will follow in this direction. */
  | { readonly type: 'end'; readonly connection: number }
  /** The connection is over in both directions. */
  | { readonly type: 'reset'; readonly connection: number }
  /** For the other end itself, not for any connection. */
  | { readonly type: 'message'; readonly bytes: Uint8Array }
  | { readonly type: 'ping'; readonly n: number }
  | { readonly type: 'pong'; readonly n: number }

/** One byte of type, four of connection (or of a ping's number), four of length (or of a window), then the content. */
export const headerBytes = 9

const frameTypes = {
  open: 1,
  data: 2,
  window: 3,
  end: 4,
  reset: 5,
  message: 6,
  ping: 7,
  pong: 8,
} as const satisfies Record<TunnelFrame['type'], number>

/** The frame's bytes: its header, and behind it the content as it is where there is one. */
export function encodeFrame(frame: TunnelFrame): readonly Uint8Array[] {
  switch (frame.type) {
    case 'open': {
      const address = Buffer.from(frame.address, 'latin1').subarray(0, tunnelLimits.maxAddressBytes)
      return [header(frame.type, frame.connection, address.byteLength), address]
    }
    case 'data':
      return [header(frame.type, frame.connection, frame.bytes.byteLength), frame.bytes]
    case 'message':
      return [header(frame.type, 0, frame.bytes.byteLength), frame.bytes]
    case 'window':
      return [header(frame.type, frame.connection, frame.bytes)]
    case 'end':
    case 'reset':
      return [header(frame.type, frame.connection, 0)]
    case 'ping':
    case 'pong':
      return [header(frame.type, frame.n, 0)]
  }
}

/** What a header says: which content follows, or the whole frame where none does. */
export type FrameHeader =
  | { readonly type: 'open' | 'data' | 'message'; readonly connection: number; readonly length: number }
  | Exclude<TunnelFrame, { readonly type: 'open' | 'data' | 'message' }>

/** @param bytes exactly `headerBytes`. @throws {ProtocolError} when they are no header. */
export function decodeHeader(bytes: Uint8Array): FrameHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes)
  const number = view.getUint8(0)
  const connection = view.getUint32(1)
  const length = view.getUint32(5)
  const type = typeNames.get(number)
  if (type === undefined) throw new ProtocolError(`Received a tunnel frame of unknown type ${number}`)
  const numbers = connectionRange[type]
  if (connection < numbers.from || connection > numbers.to)
    throw new ProtocolError(`Received a tunnel frame of type ${type} for connection ${connection}`)
  const range = lengthRange[type]
  if (length < range.from || length > range.to)
    throw new ProtocolError(`Received a tunnel frame of type ${type} with a length of ${length}`)
  switch (type) {
    case 'open':
    case 'data':
    case 'message':
      return { type, connection, length }
    case 'window':
      return { type, connection, bytes: length }
    case 'end':
    case 'reset':
      return { type, connection }
    case 'ping':
    case 'pong':
      return { type, n: connection }
  }
}

const typeNames: ReadonlyMap<number, TunnelFrame['type']> = new Map(
  (Object.keys(frameTypes) as TunnelFrame['type'][]).map((type) => [frameTypes[type], type]),
)

interface Range {
  readonly from: number
  readonly to: number
}

const maxNumber = 2 ** 32 - 1
const none: Range = { from: 0, to: 0 }
const ofConnection: Range = { from: 1, to: maxNumber }
const counted: Range = { from: 0, to: maxNumber }

const connectionRange: Readonly<Record<TunnelFrame['type'], Range>> = {
  open: ofConnection,
  data: ofConnection,
  window: ofConnection,
  end: ofConnection,
  reset: ofConnection,
  message: none,
  ping: counted,
  pong: counted,
}

const lengthRange: Readonly<Record<TunnelFrame['type'], Range>> = {
  open: { from: 0, to: tunnelLimits.maxAddressBytes },
  data: { from: 1, to: tunnelLimits.maxDataBytes },
  window: { from: 1, to: tunnelLimits.maxWindowBytes },
  end: none,
  reset: none,
  message: { from: 0, to: tunnelLimits.maxMessageBytes },
  ping: none,
  pong: none,
}

function header(type: TunnelFrame['type'], connection: number, length: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(headerBytes)
  bytes[0] = frameTypes[type]
  bytes.writeUInt32BE(connection, 1)
  bytes.writeUInt32BE(length, 5)
  return bytes
}
