/** A worker as the manager sees it: it dials, says hello, answers pings and ends when it is told to, and runs nothing. */

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import type { Socket } from 'node:net'
import {
  decodeWelcome,
  emptyBody,
  encodeHandshake,
  idsPerRange,
  Mailbox,
  protocolVersion,
  WebSocketTransport,
} from '@dialback/protocol'

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
  const transport = await open(url, certificate)
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

async function open(url: string, ca: string): Promise<WebSocketTransport> {
  const asked = request(url.replace(/^wss/, 'https'), {
    ca,
    checkServerIdentity: () => undefined,
    agent: false,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': randomBytes(16).toString('base64'),
      'sec-websocket-version': '13',
    },
  }).end()
  const [, socket, head] = (await once(asked, 'upgrade')) as [IncomingMessage, Socket, Buffer]
  return new WebSocketTransport(socket, { isClient: true, head })
}
