/** A worker as the manager sees it: it dials, says hello, answers pings and ends when it is told to, and runs nothing. */

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  decodeWelcome,
  emptyBody,
  encodeHandshake,
  idsPerRange,
  Mailbox,
  protocolVersion,
  WebSocketTransport,
  webSocketClientOptions,
} from '@dialback/protocol'
import { WebSocket } from 'ws'

export interface FakeCredentials {
  readonly url: string
  readonly name: string
  readonly uid: string
  readonly token: string
  readonly certificate: string
}

/** Dials as a pod with one thread does; `ended` is called when the manager says goodbye. */
export async function startFakeAgent(credentials: FakeCredentials, ended: () => void): Promise<void> {
  await Promise.all(
    ['control', 'thread 0.0'].map(async (connection) => await dial(credentials, connection, ended)),
  )
}

async function dial(
  { url, name, uid, token, certificate }: FakeCredentials,
  connection: string,
  ended: () => void,
): Promise<void> {
  // As an object: `ws` declares another type for the check, and hands it on.
  const tls: object = { ca: certificate, checkServerIdentity: () => undefined }
  const socket = new WebSocket(url, { ...webSocketClientOptions, ...tls })
  await once(socket, 'open')
  const transport = new WebSocketTransport(socket)
  transport.send(
    encodeHandshake({
      type: 'hello',
      protocol: protocolVersion,
      runtime: process.version,
      name,
      token,
      nonce: randomBytes(16).toString('hex'),
      connection,
      pid: process.pid,
      received: 0,
      pod: { name, uid },
    }),
  )
  const { promise: answer, resolve, reject } = Promise.withResolvers<Uint8Array>()
  transport.bind({
    message: (packet) => {
      transport.unbind()
      resolve(packet)
    },
    closed: (reason) => reject(new Error(`${name} was not let in: ${reason}`)),
    drained() {},
  })
  const { idRange, received } = decodeWelcome(await answer)
  let lastId = idRange * idsPerRange
  const mailbox: Mailbox = new Mailbox({
    nextStream: () => ++lastId,
    events: {
      message: (message) => {
        if (message.type === 'ping') mailbox.post({ type: 'pong', n: message.n }, emptyBody, true)
        else if (message.type === 'goodbye' && connection === 'control') ended()
      },
      detached() {},
      violated: (error) => {
        throw error
      },
    },
  })
  mailbox.link.attach(transport, received)
}
