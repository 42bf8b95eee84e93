import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import {
  request,
  type UpgradeOptions,
  type UpgradeRequest,
  type UpgradeResponse,
} from '../src/upgrade-request.ts'

const switching = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nX-A: 1\r\nx-a:2\r\n\r\n'
const opened: Disposable[] = []

afterEach(() => {
  for (const one of opened.splice(0)) one[Symbol.dispose]()
})

/** Answers each connection by what `answer` does once the request has come. */
async function serverThat(answer: (socket: Socket, head: string) => unknown): Promise<number> {
  const server = createServer((socket) => {
    opened.push({ [Symbol.dispose]: () => socket.destroy() })
    socket.once('data', (head) => void answer(socket, head.toString('latin1')))
    socket.on('error', () => {})
  })
  opened.push({ [Symbol.dispose]: () => server.close() })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

function requestTo(port: number, options: Partial<UpgradeOptions> = {}): UpgradeRequest {
  const made = request({
    // As that of `ws`.
    createConnection: (own) => connect(Object.assign(own, { path: undefined }) as never),
    host: '127.0.0.1',
    port,
    defaultPort: 80,
    path: '/a?b=c',
    headers: { Upgrade: 'websocket', 'X-Number': 13 },
    ...options,
  })
  opened.push({ [Symbol.dispose]: () => made.socket.destroy() })
  made.end()
  return made
}

async function upgradeOf(made: UpgradeRequest): Promise<{ response: UpgradeResponse; first: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ response: UpgradeResponse; first: string }>()
  made.once('error', reject)
  made.once('upgrade', (response, socket, head) => {
    // As `ws` takes a socket over.
    if (head.length > 0) socket.unshift(head)
    socket.once('data', (data) => resolve({ response, first: data.toString('latin1') }))
  })
  return await promise
}

function failureOf(made: UpgradeRequest): Promise<Error> {
  return new Promise((resolve) => made.once('error', resolve))
}

test('request() asks as HTTP wants it, and names the port unless it is the usual one', async () => {
  const heads: string[] = []
  const port = await serverThat((socket, head) => {
    heads.push(head)
    socket.write(`${switching}.`)
  })
  await upgradeOf(requestTo(port))
  await upgradeOf(requestTo(port, { defaultPort: port }))
  await upgradeOf(
    requestTo(port, { host: '::1', createConnection: () => connect(port, '127.0.0.1'), headers: {} }),
  )
  const rest = 'Upgrade: websocket\r\nX-Number: 13\r\n\r\n'
  expect(heads).toEqual([
    `GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${rest}`,
    `GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1\r\n${rest}`,
    `GET /a?b=c HTTP/1.1\r\nHost: [::1]:${port}\r\n\r\n`,
  ])
})

test('an upgrade gives the headers and what the server sent right behind them', async () => {
  const port = await serverThat((socket) => socket.write(`${switching}behind`))
  const { response, first } = await upgradeOf(requestTo(port))
  expect(response).toEqual({ statusCode: 101, headers: { upgrade: 'websocket', 'x-a': '1, 2' } })
  expect(first).toBe('behind')
})

test('an upgrade may come byte by byte, and what follows later is read', async () => {
  const port = await serverThat(async (socket) => {
    for (const byte of Buffer.from(switching, 'latin1')) {
      socket.write(Buffer.of(byte))
      await new Promise(setImmediate)
    }
    socket.write('later')
  })
  expect((await upgradeOf(requestTo(port))).first).toBe('later')
})

test('an answer other than an upgrade is told, and ends with abort()', async () => {
  let wasClosed: Promise<unknown> | undefined
  const port = await serverThat((socket) => {
    wasClosed = once(socket, 'close')
    socket.write('HTTP/1.1 401 Unauthorized\r\nX-Why: no\r\n\r\n')
  })
  const made = requestTo(port)
  const [response] = await once(made as never, 'response')
  expect(response).toEqual({ statusCode: 401, headers: { 'x-why': 'no' } })
  made.abort()
  await wasClosed
  expect(made.listenerCount('error')).toBe(0)
})

test.each([
  ['is not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 'The answer is not of HTTP'],
  ['has a line without a name', 'HTTP/1.1 101 Yes\r\nnothing\r\n\r\n', 'The answer is not of HTTP'],
  [
    'never ends its head',
    `HTTP/1.1 101 Yes\r\n${'x'.repeat(17_000)}`,
    "The answer's head exceeds 16384 bytes",
  ],
  [
    'has a head that is too long',
    `HTTP/1.1 101 Yes\r\na: ${'x'.repeat(17_000)}\r\n\r\n`,
    "The answer's head exceeds 16384 bytes",
  ],
])('an answer that %s is an error, once, and the connection is closed', async (_, answer, message) => {
  let wasClosed: Promise<unknown> | undefined
  const port = await serverThat((socket) => {
    wasClosed = once(socket, 'close')
    socket.write(answer)
  })
  const made = requestTo(port)
  expect((await failureOf(made)).message).toBe(message)
  await wasClosed
})

test('a connection that ends before an answer, or is refused, is an error', async () => {
  const port = await serverThat((socket) => socket.end('HTTP/1.1 101'))
  expect((await failureOf(requestTo(port))).message).toBe('The connection ended before an answer')

  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const free = (closed.address() as AddressInfo).port
  await once(closed.close(), 'close')
  expect(await failureOf(requestTo(free))).toMatchObject({ code: 'ECONNREFUSED' })
})

test('a server that trickles its answer is given up after the time for all of it', async () => {
  const port = await serverThat((socket) => {
    const trickle = setInterval(() => socket.write('x'), 5)
    socket.on('close', () => clearInterval(trickle))
  })
  const made = requestTo(port, { timeout: 100 })
  await once(made as never, 'timeout')
  made.abort()
  expect(made.socket.destroyed).toBe(true)
})

test('the server of ws takes it for a WebSocket', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const joined = once(server, 'connection') as Promise<[WebSocket]>
  const made = requestTo((server.address() as AddressInfo).port, {
    headers: {
      'Sec-WebSocket-Version': 13,
      'Sec-WebSocket-Key': Buffer.alloc(16, 1).toString('base64'),
      Connection: 'Upgrade',
      Upgrade: 'websocket',
    },
  })
  const upgraded = upgradeOf(made)
  const [socket] = await joined
  socket.send('hi')
  const { response, first } = await upgraded
  expect(response.headers).toMatchObject({ upgrade: 'websocket', 'sec-websocket-accept': expect.any(String) })
  expect(first).toBe('\x81\x02hi')
  server.close()
  socket.terminate()
})
