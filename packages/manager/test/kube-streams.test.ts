import { once } from 'node:events'
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { generate } from 'selfsigned'
import { expect, test } from 'vitest'
import { KubeClient } from '../src/kubernetes/kube-client.ts'

const { private: key, cert } = await generate([{ name: 'commonName', value: 'test' }], { keyType: 'ec' })
const request = { verb: 'get', resource: 'pods/log', namespace: 'team' }
const call = { request, method: 'GET', path: '/log?follow=true', isRetried: false } as const

test('KubeClient.stream() opens many answers over few connections, which close with the last of them', async () => {
  await using server = await streamServer((_, response) => void response.write('a line\n'))
  const streams = await Promise.all(Array.from({ length: 250 }, async () => await server.client.stream(call)))
  expect(await Promise.all(streams.map(async ({ body }) => await firstOf(body)))).toEqual(
    streams.map(() => 'a line\n'),
  )
  expect(server.sessions.size).toBe(3)
  const closed = [...server.sessions].map(async (session) => await once(session, 'close'))
  for (const { body } of streams) body.destroy()
  await Promise.all(closed)
})

test('KubeClient.stream() takes no more answers over one connection than the server lets it', async () => {
  await using server = await streamServer((_, response) => void response.write('a line\n'), {
    maxConcurrentStreams: 2,
  })
  const streams = await Promise.all(Array.from({ length: 5 }, async () => await server.client.stream(call)))
  await Promise.all(streams.map(async ({ body }) => await firstOf(body)))
  expect(server.sessions.size).toBe(3)
})

test('KubeClient.stream() sends who it is and what it takes, and ends as the answer does', async () => {
  let asked: Http2ServerRequest | undefined
  await using server = await streamServer((received, response) => {
    asked = received
    response.end('all')
  })
  const stream = await server.client.stream(call)
  expect(await firstOf(stream.body)).toBe('all')
  await once(stream.body, 'close')
  expect(stream.isWhole).toBe(true)
  expect(asked?.url).toBe('/log?follow=true')
  expect(asked?.headers).toMatchObject({ authorization: 'Bearer secret', accept: 'application/json' })
})

test('KubeClient.stream() rejects with what the server says of a refusal', async () => {
  await using server = await streamServer((_, response) => {
    response.writeHead(404, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ kind: 'Status', reason: 'NotFound', message: 'pods "w-1" not found' }))
  })
  await expect(server.client.stream(call)).rejects.toMatchObject({ kind: 'notFound', status: 404 })
})

test('KubeClient.stream() tells its readers when the connection breaks, and opens another one for the next', async () => {
  await using server = await streamServer((_, response) => void response.write('a line\n'))
  const stream = await server.client.stream(call)
  await firstOf(stream.body)
  server.cut()
  await once(stream.body, 'close')
  expect(stream.isWhole).toBe(false)
  const next = await server.client.stream(call)
  expect(await firstOf(next.body)).toBe('a line\n')
})

test('KubeClient.stream() rejects when the connection breaks before the answer has begun', async () => {
  await using server = await streamServer(() => server.cut())
  await expect(server.client.stream(call)).rejects.toMatchObject({ kind: 'unreachable' })
})

test('KubeClient.stream() ends with its signal, before the answer and in it', async () => {
  await using server = await streamServer(({ url }, response) => {
    if (url === call.path) response.write('a line\n')
  })
  const controller = new AbortController()
  const { body } = await server.client.stream({ ...call, signal: controller.signal })
  const waiting = server.client.stream({ ...call, path: '/silent', signal: controller.signal })
  const failed = once(body, 'error')
  controller.abort(new Error('enough'))
  await failed
  await expect(waiting).rejects.toThrow('enough')
})

test('KubeClient.stream() uses a connection for each answer where the server speaks HTTP/1.1 only', async () => {
  let connections = 0
  const server = createServer({ key, cert }, (_, response) => void response.write('a line\n'))
  server.on('connection', () => (connections += 1))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = clientOf(server.address() as AddressInfo)
  const streams = await Promise.all([client.stream(call), client.stream(call)])
  expect(await Promise.all(streams.map(async ({ body }) => await firstOf(body)))).toEqual([
    'a line\n',
    'a line\n',
  ])
  // One to ask.
  expect(connections).toBe(3)
  for (const { body } of streams) body.destroy()
  server.close()
})

interface StreamServer extends AsyncDisposable {
  readonly client: KubeClient
  /** All that there ever were. */
  readonly sessions: Set<ServerHttp2Session>
  /** Breaks all connections off. */
  cut(): void
}

async function streamServer(
  answer: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
  settings = {},
): Promise<StreamServer> {
  const server: Http2SecureServer = createSecureServer({ key, cert, settings }, answer)
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => {
    sessions.add(session)
    session.on('error', () => {})
  })
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    client: clientOf(server.address() as AddressInfo),
    sessions,
    cut() {
      for (const socket of sockets) socket.destroy()
    },
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy()
      server.close()
    },
  }
}

function clientOf({ port }: AddressInfo): KubeClient {
  return new KubeClient({
    server: `https://127.0.0.1:${port}`,
    namespace: undefined,
    caCertificate: undefined,
    isInsecure: true,
    serverName: undefined,
    proxyUrl: undefined,
    user: { token: { data: Buffer.from('secret') } },
  })
}

async function firstOf(body: Readable): Promise<string> {
  const [chunk] = (await once(body, 'data')) as [Buffer]
  return chunk.toString()
}
