/** Connects to the manager and says hello. */

import { X509Certificate } from 'node:crypto'
import { connect } from 'node:net'
import type { PeerCertificate } from 'node:tls'
import {
  AuthenticationError,
  decodeWelcome,
  encodeHandshake,
  limits,
  type Opening,
  type PodFacts,
  prepareOpening,
  protocolVersion,
  type SharedProbe,
  type Transport,
  WebSocketTransport,
  type Welcome,
  webSocketClientOptions,
} from '@dialback/protocol'
import { WebSocket } from 'ws'
import { openWith } from './opening-key.ts'

/** Where the manager is, and what it gave this worker to be let in. */
export interface Credentials {
  readonly url: string
  readonly name: string
  readonly token: string
  /** PEM: of the manager, which is known by it, where the URL is one of TLS. */
  readonly certificate?: string
  /** Told to the manager. */
  readonly pod?: PodFacts
}

export interface DialOptions {
  readonly credentials: Credentials
  /** `control`, or `thread {index}.{generation}`. */
  readonly connection: string
  /** Packets of an earlier connection that arrived; 0 for the first. */
  readonly received: number
  readonly memory: SharedProbe | undefined
  /** Of this attempt alone. @default one that is made for it */
  readonly opening?: Opening | undefined
  /** After so long without an answer it has failed. @default as long as a manager waits for a hello */
  readonly timeoutMs?: number
}

export interface Dialed {
  readonly transport: Transport
  readonly welcome: Welcome
}

/**
 * Dials once.
 *
 * @throws {AuthenticationError | VersionMismatchError | ProtocolError} when the manager refuses: dialling again is of no use.
 * @throws {Error} when it cannot be reached.
 */
export async function dial(options: DialOptions): Promise<Dialed> {
  const { credentials, connection, received, memory, timeoutMs = limits.helloTimeoutMs } = options
  const opening = options.opening ?? prepareOpening(credentials.token)
  openWith(opening)
  const transport = await open(credentials, timeoutMs)
  const answer = new Promise<Uint8Array>((resolve, reject) => {
    transport.bind({
      message: (packet) => {
        // What comes behind the answer is for the link.
        transport.unbind()
        resolve(packet)
      },
      closed: (reason) => reject(new Error(`Cannot join ${credentials.url}: ${reason}`)),
      drained() {},
    })
  })
  transport.send(
    encodeHandshake({
      type: 'hello',
      protocol: protocolVersion,
      runtime: process.version,
      name: credentials.name,
      token: credentials.token,
      nonce: opening.nonce,
      connection,
      pid: process.pid,
      received,
      ...(memory && { memory }),
      ...(credentials.pod && { pod: credentials.pod }),
    }),
  )
  const welcome = decodeWelcome(await answer)
  // Whoever guesses has one try: the time that the comparison takes is of no use to it.
  if (welcome.proof !== opening.proof) {
    transport.terminate()
    throw new AuthenticationError(
      `The manager at ${credentials.url} does not know the token of ${credentials.name}`,
    )
  }
  return { transport, welcome }
}

/** The name of a Unix socket in Linux' abstract namespace follows. */
const unixPrefix = 'ws+unix://'

function open({ url, certificate }: Credentials, timeoutMs: number): Promise<Transport> {
  return new Promise((resolve, reject) => {
    // As an object: `ws` hands these to `tls.connect`, but declares another type for the check.
    const tls: object =
      certificate === undefined
        ? {}
        : {
            ca: certificate,
            checkServerIdentity: (_name: string, peer: PeerCertificate) => differs(peer, certificate),
          }
    // In a URL such a name cannot stand as `ws` wants it: it begins with a zero byte.
    const unix = url.startsWith(unixPrefix)
      ? { createConnection: () => connect(`\0${url.slice(unixPrefix.length)}`) }
      : {}
    const socket = new WebSocket(url.replace(unixPrefix, 'ws://'), {
      ...webSocketClientOptions,
      handshakeTimeout: timeoutMs,
      ...tls,
      ...unix,
    })
    socket.once('open', () => resolve(new WebSocketTransport(socket)))
    socket.once('error', reject)
  })
}

/** The certificate is what the manager is known by: its address says nothing, and may be a tunnel's. */
function differs(peer: PeerCertificate, certificate: string): Error | undefined {
  if (peer.raw.equals(new X509Certificate(certificate).raw)) return undefined
  return new Error('the certificate is not that of the manager')
}
