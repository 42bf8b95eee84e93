/** Two ends of a tunnel over a stream in memory, or one end and what stands for a hostile other one. */

import { once } from 'node:events'
import { type Duplex, duplexPair } from 'node:stream'
import { encodeFrame, type TunnelFrame } from '../src/tunnel/frame.ts'
import { FrameReader } from '../src/tunnel/frame-reader.ts'
import { TunnelMux, type TunnelMuxOptions } from '../src/tunnel/tunnel-mux.ts'

export interface TunnelEnd {
  readonly mux: TunnelMux
  readonly accepted: Duplex[]
  readonly messages: string[]
  /** Reasons of which there should be one. */
  readonly closed: string[]
}

function endOf(stream: Duplex, isManager: boolean, options: Partial<TunnelMuxOptions> = {}): TunnelEnd {
  const accepted: Duplex[] = []
  const messages: string[] = []
  const closed: string[] = []
  const mux = new TunnelMux({
    stream,
    ...(isManager && { accept: (connection) => void accepted.push(connection) }),
    message: (bytes) => void messages.push(Buffer.from(bytes).toString()),
    closed: (reason) => void closed.push(reason),
    ...options,
  })
  return { mux, accepted, messages, closed }
}

export interface Tunnel {
  readonly relay: TunnelEnd
  readonly manager: TunnelEnd
  readonly streams: readonly [Duplex, Duplex]
  /** Both ends of a new connection. */
  connect(address?: string): Promise<readonly [relay: Duplex, manager: Duplex]>
}

export function openTunnel(
  streams: readonly [Duplex, Duplex] = duplexPair(),
  options: Partial<TunnelMuxOptions> = {},
): Tunnel {
  const relay = endOf(streams[0], false, options)
  const manager = endOf(streams[1], true, options)
  let opened = 0
  return {
    relay,
    manager,
    streams,
    async connect(address = '10.0.0.1') {
      const index = opened++
      const ours = relay.mux.open(address)
      if (ours === undefined) throw new Error('Cannot open a connection')
      // They are accepted in the order in which they were opened.
      while (manager.accepted.length <= index) await once(streams[1], 'data')
      const theirs = manager.accepted[index]
      if (theirs === undefined) throw new Error('No connection was accepted')
      return [ours, theirs]
    },
  }
}

/** One end, and the raw stream of the other: `says` sends frames, `heard` has those that came. */
export interface HalfTunnel extends TunnelEnd {
  readonly raw: Duplex
  readonly heard: TunnelFrame[]
  says(...frames: readonly TunnelFrame[]): void
}

export function halfTunnel(isManager: boolean, options: Partial<TunnelMuxOptions> = {}): HalfTunnel {
  const [stream, raw] = duplexPair()
  const heard: TunnelFrame[] = []
  const reader = new FrameReader((frame) => heard.push(frame))
  raw.on('data', (bytes: Uint8Array) => reader.push(bytes))
  raw.on('error', () => {})
  return {
    ...endOf(stream, isManager, options),
    raw,
    heard,
    says: (...frames) => {
      for (const part of frames.flatMap(encodeFrame)) raw.write(part)
    },
  }
}
