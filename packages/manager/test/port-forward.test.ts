import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { KubeApi } from '../src/kubernetes/kube-api.ts'
import { openPortForward, PortForwardError } from '../src/kubernetes/port-forward.ts'

const signal = new AbortController().signal
const target = { namespace: 'ns', pod: 'relay', port: 7_421 }
/** What the node says first on each channel: the port, little endian. */
const prologues = [Buffer.of(0, 0xfd, 0x1c), Buffer.of(1, 0xfd, 0x1c)]

interface ApiServer extends AsyncDisposable {
  readonly api: Pick<KubeApi, 'webSocket'>
  readonly paths: string[]
}

/** The server's half of the channel protocol, in the place of API server, node and pod. */
async function startServer(serve: (socket: WebSocket) => void): Promise<ApiServer> {
  const server = createServer()
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'v4.channel.k8s.io' })
  const paths: string[] = []
  sockets.on('connection', (socket, request) => {
    paths.push(request.url ?? '')
    for (const prologue of prologues) socket.send(prologue)
    serve(socket)
  })
  return { ...(await listen(server)), paths }
}

async function listen(
  server: Server,
): Promise<AsyncDisposable & { readonly api: Pick<KubeApi, 'webSocket'> }> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    api: {
      webSocket: async (path, protocols) => new WebSocket(`ws://127.0.0.1:${port}${path}`, [...protocols]),
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function data(bytes: Uint8Array | string): Buffer {
  return Buffer.concat([Buffer.of(0), Buffer.from(bytes as Uint8Array)])
}

test('openPortForward() gives a stream of what the pod says, without what the protocol adds', async () => {
  await using server = await startServer((socket) => {
    socket.send(data('from the '))
    socket.on('message', (message: Buffer) => {
      socket.send(data(`pod, which heard ${message.subarray(1).toString()} on ${message[0]}`))
      socket.close(1000)
    })
  })
  const { stream } = await openPortForward(server.api, target, signal)
  stream.write('a question')
  const pieces: string[] = []
  stream.on('data', (bytes: Buffer) => pieces.push(bytes.toString()))
  const { promise: closed, resolve } = Promise.withResolvers<Error>()
  stream.on('error', resolve)
  expect((await closed).message).toBe(
    'Lost port 7421 of pod ns/relay: the API server closed the connection (1000)',
  )
  expect(pieces.join('')).toBe('from the pod, which heard a question on 0')
  expect(server.paths).toEqual(['/api/v1/namespaces/ns/pods/relay/portforward?ports=7421'])
})

test('openPortForward() carries large payloads in both directions, no faster than they are read', async () => {
  const size = 20 * 1_048_576
  let received = 0
  await using server = await startServer((socket) => {
    socket.on('message', (message: Buffer) => {
      received += message.byteLength - 1
      socket.send(message)
    })
  })
  const { stream } = await openPortForward(server.api, target, signal)
  const chunk = Buffer.alloc(65_536, 'c')
  const writeAll = async (): Promise<void> => {
    for (let sent = 0; sent < size; sent += chunk.byteLength)
      if (!stream.write(chunk)) await once(stream, 'drain')
  }
  const written = writeAll()
  let back = 0
  for await (const bytes of stream as AsyncIterable<Buffer>) {
    back += bytes.byteLength
    if (back === size) break
  }
  await written
  expect([received, back]).toEqual([size, size])
})

test('openPortForward() ends the stream with what the node says of the port', async () => {
  await using server = await startServer((socket) =>
    socket.send(Buffer.from('\u0001dial tcp4 127.0.0.1:7421: connect: connection refused\n')),
  )
  const { stream } = await openPortForward(server.api, target, signal)
  await expect(text(stream)).rejects.toThrow(
    new PortForwardError(
      'Cannot forward port 7421 of pod ns/relay: dial tcp4 127.0.0.1:7421: connect: connection refused',
    ),
  )
})

test('openPortForward() repeats the refusal of the API server', async () => {
  const server = createServer((_, response) => {
    response.writeHead(403, { 'content-type': 'application/json' })
    response.end(
      '{"kind":"Status","message":"pods \\"relay\\" is forbidden: User \\"me\\" cannot get resource \\"pods/portforward\\" in API group"}',
    )
  })
  await using listening = await listen(server)
  await expect(openPortForward(listening.api, target, signal)).rejects.toMatchObject({
    message: expect.stringMatching(
      /^Cannot create pods\/portforward "relay" in namespace "ns": no permission; a Role .*cannot get resource/,
    ),
    status: 403,
  })
})

test('openPortForward() says what a proxy answered that is no API server', async () => {
  const server = createServer((_, response) => response.writeHead(502).end('<html>'))
  await using listening = await listen(server)
  await expect(openPortForward(listening.api, target, signal)).rejects.toThrow(
    'Cannot create pods/portforward "relay" in namespace "ns": the API server failed: it answered 502 Bad Gateway',
  )
})

test('openPortForward() says that the API server cannot be reached', async () => {
  const server = createServer()
  const { api, ...listening } = await listen(server)
  await listening[Symbol.asyncDispose]()
  await expect(openPortForward(api, target, signal)).rejects.toThrow(
    /^Cannot forward port 7421 of pod ns\/relay: connect ECONNREFUSED/,
  )
})

test('openPortForward() gives up when its signal fires', async () => {
  const server = createServer()
  const upgrading = once(server, 'upgrade')
  await using listening = await listen(server)
  const controller = new AbortController()
  const opening = openPortForward(listening.api, target, controller.signal)
  const [, socket] = (await upgrading) as [unknown, { destroy(): void }]
  controller.abort(new Error('too late'))
  await expect(opening).rejects.toThrow('too late')
  socket.destroy()
})
