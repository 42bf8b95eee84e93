/** Connects to the manager and says hello. */

import { randomBytes } from 'node:crypto'
import {
  AuthenticationError,
  decodeWelcome,
  encodeHandshake,
  isSame,
  limits,
  proofOf,
  protocolVersion,
  type SharedProbe,
  type Transport,
  WebSocketTransport,
  type Welcome,
  webSocketClientOptions,
} from '@dialback/protocol'
import { WebSocket } from 'ws'

/** Where the manager is, and what it gave this worker to be let in. */
export interface Credentials {
  readonly url: string
  readonly name: string
  readonly token: string
}

export interface DialOptions {
  readonly credentials: Credentials
  /** `control`, or `thread {index}.{generation}`. */
  readonly connection: string
  /** Packets of an earlier connection that arrived; 0 for the first. */
  readonly received: number
  readonly memory: SharedProbe | undefined
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
  const { credentials, connection, received, memory } = options
  const transport = await open(credentials.url)
  const nonce = randomBytes(16).toString('hex')
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
      nonce,
      connection,
      pid: process.pid,
      received,
      ...(memory && { memory }),
    }),
  )
  const welcome = decodeWelcome(await answer)
  if (!isSame(welcome.proof, proofOf(credentials.token, nonce))) {
    transport.terminate()
    throw new AuthenticationError(
      `The manager at ${credentials.url} does not know the token of ${credentials.name}`,
    )
  }
  return { transport, welcome }
}

function open(url: string): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { ...webSocketClientOptions, handshakeTimeout: limits.helloTimeoutMs })
    socket.once('open', () => resolve(new WebSocketTransport(socket)))
    socket.once('error', reject)
  })
}
