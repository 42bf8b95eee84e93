import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { LocalManager } from '@dialback/manager'
import { decodeWelcome, encodeHandshake, type Hello, protocolVersion } from '@dialback/protocol'
import { Packr } from 'msgpackr'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startCluster, type TestCluster } from './test-cluster.ts'
import { type Credentials, withAdmission } from './through-proxy.ts'

const upgrade = [
  'GET / HTTP/1.1',
  'Host: x',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
  '\r\n',
].join('\r\n')

test.each<[title: string, bytes: Buffer | string]>([
  ['random bytes', randomBytes(2_000)],
  ['zeros', Buffer.alloc(100_000)],
  ['the hello of TLS', Buffer.from('16030100f5010000f10303', 'hex')],
  ['a request without end', 'GET / HTTP/1.1\r\nHost: x\r\n'.padEnd(100_000, 'a')],
  [
    'a request with a body',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello',
  ],
  [
    'an upgrade to something else',
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
  ],
  ['an upgrade of another version', upgrade.replace('13', '7')],
  ['random bytes after an upgrade', Buffer.concat([Buffer.from(upgrade), randomBytes(2_000)])],
  ['a frame without a mask', Buffer.concat([Buffer.from(upgrade), Buffer.from([0x82, 3, 1, 2, 3])])],
  [
    'a frame that says it is 2^62 bytes',
    Buffer.concat([Buffer.from(upgrade), Buffer.from('82ff4000000000000000', 'hex')]),
  ],
  [
    'a frame that says it is 64 MiB',
    Buffer.concat([Buffer.from(upgrade), Buffer.from('82ff000000000400000000000000', 'hex')]),
  ],
])('the listener drops %s with a log line, and no worker is harmed', async (_title, bytes) => {
  await using attacked = await startAttacked()

  const socket = await attacked.dial()
  socket.write(bytes)
  await closed(socket)

  await attacked.started.logged('Dropped a connection')
  await attacked.expectUnharmed()
  expect(attacked.drops()).toHaveLength(1)
})

test('the listener drops a frame that is cut off with a log line', async () => {
  await using attacked = await startAttacked()

  const socket = await attacked.dial()
  socket.write(Buffer.concat([Buffer.from(upgrade), Buffer.from('82fe03e800000000616263', 'hex')]))
  await once(socket, 'data')
  socket.end()
  await closed(socket)

  await attacked.started.logged('Dropped a connection')
  await attacked.expectUnharmed()
  expect(attacked.drops()).toHaveLength(1)
})

const packr = new Packr({ useRecords: false })
/** A hello whose `protocol` is an array in an array in an array … */
const nested = (depth: number): Uint8Array =>
  Buffer.concat([
    Buffer.from('82a474797065a568656c6c6fa870726f746f636f6c', 'hex'),
    Buffer.alloc(depth, 0x91),
    Buffer.of(0),
  ])

test.each<[title: string, message: Uint8Array | string]>([
  ['nothing', new Uint8Array(0)],
  ['text', 'hello'],
  ['random bytes', randomBytes(500)],
  ['a number', packr.pack(5)],
  ['null', packr.pack(null)],
  ['an array', packr.pack([1, 2])],
  ['an object of another type', packr.pack({ type: 'welcome' })],
  ['a hello without fields', packr.pack({ type: 'hello' })],
  ['a hello with a bigint', packr.pack({ type: 'hello', protocol: { a: 2n ** 63n } })],
  [
    'a hello with a date, a map, a set and an error',
    packr.pack({ type: new Date(), protocol: new Map([[{}, new Set([new Error('x')])]]) }),
  ],
  ['a hello that is nested 1,000 deep', nested(1_000)],
  ['a hello that is nested 4,000 deep', nested(4_000)],
  ['a hello that is nested 16,000 deep', nested(16_000)],
  ['a hello with a long name', packr.pack(hello({ name: 'n'.repeat(5_000) }))],
  ['a hello with __proto__', Buffer.from('82a474797065a568656c6c6fa95f5f70726f746f5f5f81a16101', 'hex')],
  ['a record definition', Buffer.from('d4727f93a161a162a163010203', 'hex')],
  ['an array that says it has 2^32 elements', Buffer.from('ddffffffff', 'hex')],
  ['a string that says it has 2^32 bytes', Buffer.from('dbffffffff', 'hex')],
  ['a hello of 17 KiB', packr.pack({ ...hello(), more: 'x'.repeat(17 * 1024) })],
  ['a hello of 7 MiB', Buffer.alloc(7 * 2 ** 20, 0x91)],
  ['a hello of 9 MiB', Buffer.alloc(9 * 2 ** 20, 0x91)],
  ['an unknown name', encodeHandshake(hello({ name: 'nobody' }))],
  ['a wrong token', encodeHandshake(hello({ token: 'A'.repeat(43) }))],
  ['an empty token', encodeHandshake(hello({ token: '' }))],
  ['a wrong token of another version', encodeHandshake(hello({ protocol: 99, token: 'x' }))],
])(
  'the listener drops a hello that is %s with a log line, and no worker is harmed',
  async (_title, message) => {
    await using attacked = await startAttacked()

    const webSocket = await attacked.dialWebSocket()
    webSocket.send(message)
    await once(webSocket, 'close')

    await attacked.started.logged('Dropped a connection')
    await attacked.expectUnharmed()
    expect(attacked.drops()).toHaveLength(1)
    expect(attacked.drops().join()).not.toContain(attacked.credentials.token)
  },
)

test('the listener tells nobody without the token which version it speaks', async () => {
  await using attacked = await startAttacked()

  const withoutToken = await attacked.answerTo(hello({ protocol: 99, token: 'x' }))
  const withToken = await attacked.answerTo({ ...attacked.validHello(), protocol: 99 })

  expect(() => decodeWelcome(withoutToken)).toThrow(/token/)
  expect(() => decodeWelcome(withToken)).toThrow(`protocol ${protocolVersion}`)
  await attacked.expectUnharmed()
})

test.each<[title: string, changes: Partial<Hello>]>([
  ['control', { connection: 'control' }],
  ['thread', { connection: 'thread 0.0' }],
  ['thread that has received more than was ever sent', { connection: 'thread 0.0', received: 1_000_000 }],
  ['control that has received a negative number', { connection: 'control', received: -5 }],
  ['connection of no known kind', { connection: 'thread x' }],
  ['thread that the worker does not have', { connection: 'thread 7.0' }],
])('a hello that is replayed for the %s harms no worker', async (_title, changes) => {
  await using attacked = await startAttacked()
  const { cluster } = attacked.started
  const running = cluster.remoteCallFetch(
    () => new Promise((resolve) => setTimeout(resolve, 1_000, 'unharmed')),
    2,
  )

  await attacked.answerTo({ ...attacked.validHello(), ...changes })

  expect(await running).toBe('unharmed')
  await attacked.expectUnharmed()
})

test('a worker with another release line of Node is told of', async () => {
  await using attacked = await startAttacked()
  const other = 'warn: local-2 runs Node.js v99.1.0, this process '
  expect(attacked.started.log.join()).not.toContain('runs Node.js')

  await attacked.answerTo({ ...attacked.validHello(), runtime: 'v99.1.0' })

  expect(attacked.started.log.filter((line) => line.startsWith(other))).toHaveLength(1)
  await attacked.expectUnharmed()
})

test.each<[title: string, packet: Uint8Array]>([
  ['random bytes', randomBytes(500)],
  ['a packet without a sequence', packr.pack(['x', 0])],
  ['an answer that is not whole', packr.pack([1, 0, { type: 'result', id: 1, parts: [100] }, Buffer.of(1)])],
  ['a message of no known type', packr.pack([1, 0, { type: 'obey' }, null])],
])(
  'a worker that is in and sends %s is lost, with that as the reason, and nobody else',
  async (_title, packet) => {
    await using attacked = await startAttacked()
    const { cluster, env } = attacked.started
    await cluster.addProcs(1, { env })
    const running = cluster.remoteCallFetch(() => new Promise(() => {}), 2).catch((error: unknown) => error)

    const webSocket = await attacked.dialWebSocket()
    webSocket.send(encodeHandshake(attacked.validHello()))
    await once(webSocket, 'message')
    webSocket.send(packet)

    expect(await running).toMatchObject({
      message: expect.stringMatching(
        /^Worker 2 was terminated due to: Disconnected \(it broke the protocol: Received /,
      ),
      blame: 'infrastructure',
    })
    expect(await cluster.remoteCallFetch(() => 'unharmed', 3)).toBe('unharmed')
  },
)

test('a hello that is replayed after its worker has gone is refused', async () => {
  await using attacked = await startAttacked()
  const { cluster } = attacked.started

  await cluster.rmProcs(2)

  expect(decodeAnswer(await attacked.answerTo(attacked.validHello()))).toMatch(/token|expected/)
  expect(cluster.procs()).toEqual([1])
})

test('connections that say nothing, or a byte now and then, are dropped with a log line after the time for a hello', {
  timeout: 90_000,
}, async () => {
  await using attacked = await startAttacked()
  const silent = await attacked.dial()
  const silentUpgraded = await attacked.dialWebSocket()
  const slow = await attacked.dial()
  const slowUpgraded = await attacked.dial()
  slowUpgraded.write(upgrade)
  await once(slowUpgraded, 'data')
  slowUpgraded.write(Buffer.from('82fe03e800000000', 'hex'))
  let at = 0
  const dribble = setInterval(() => {
    slow.write(upgrade[at++] ?? 'a')
    slowUpgraded.write('a')
  }, 200)

  await Promise.all([closed(silent), once(silentUpgraded, 'close'), closed(slow), closed(slowUpgraded)])
  clearInterval(dribble)

  await attacked.started.logged('Dropped a connection')
  await attacked.expectUnharmed()
  expect(attacked.drops()).toHaveLength(4)
})

test('a peer that never reads its answer, nor closes, is dropped too', { timeout: 120_000 }, async () => {
  await using attacked = await startAttacked()
  const socket = await attacked.dial()
  socket.write(upgrade)
  await once(socket, 'data')
  const message = encodeHandshake(hello())
  socket.write(
    Buffer.concat([
      Buffer.from([0x82, 0xfe, message.length >> 8, message.length & 255, 0, 0, 0, 0]),
      message,
    ]),
  )
  socket.pause()

  const [isClosed] = await Promise.all([closed(socket.resume()), attacked.expectUnharmed()])

  expect(isClosed).toBe(true)
})

test('a flood of connections takes no memory, and live workers do not notice', {
  timeout: 120_000,
}, async () => {
  await using attacked = await startAttacked()
  const { cluster, env } = attacked.started
  await attacked.expectUnharmed()
  const before = process.memoryUsage().rss

  for (let round = 0; round < 20; round++) {
    const sockets = await Promise.all(Array.from({ length: 50 }, async () => await attacked.dial()))
    for (const socket of sockets)
      socket.write(
        round % 2 === 0 ? randomBytes(1_000) : Buffer.concat([Buffer.from(upgrade), randomBytes(1_000)]),
      )
    await cluster.remoteCallFetch(() => 0, 2)
    for (const socket of sockets) socket.destroy()
  }

  await attacked.expectUnharmed()
  expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(64)
  expect(await cluster.addProcs(1, { env })).toEqual([3])
})

test('more silent connections than are allowed are turned away, and live workers go on', async () => {
  await using attacked = await startAttacked()

  const sockets = await Promise.all(
    Array.from({ length: 400 }, async () => {
      const socket = await attacked.dial()
      socket.write(upgrade)
      return socket
    }),
  )
  await new Promise<void>((resolve) => {
    let count = 0
    // Some may be closed by now.
    for (const socket of sockets) void closed(socket).then(() => ++count === 400 - 256 && resolve())
  })

  expect(await attacked.started.logged('too many others')).toMatch(/^warn: Dropped a connection/)
  await attacked.expectUnharmed()
  for (const socket of sockets) socket.destroy()
})

test('a Cluster is disposed at once although somebody holds a connection open', async () => {
  const attacked = await startAttacked()
  await attacked.dial()
  await attacked.dialWebSocket()

  await attacked[Symbol.asyncDispose]()

  // It did not wait until these were dropped for saying nothing.
  expect(attacked.drops()).toEqual([])
})

interface Attacked extends AsyncDisposable {
  readonly started: TestCluster
  /** Of worker 2. */
  readonly credentials: Credentials
  dial(): Promise<Socket>
  dialWebSocket(): Promise<WebSocket>
  answerTo(message: Hello): Promise<Uint8Array>
  validHello(): Hello
  /** The log's lines about connections that were dropped. */
  drops(): string[]
  expectUnharmed(): Promise<void>
}

async function startAttacked(): Promise<Attacked> {
  const started = await startCluster()
  const { cluster, env, log } = started
  let credentials: Credentials = { url: '', name: '', token: '' }
  await cluster.addProcs(
    withAdmission(new LocalManager(1, { env }), (given) => {
      credentials = given
      return given
    }),
  )
  const pid = await cluster.remoteCallFetch(() => process.pid, 2)
  const port = Number(new URL(credentials.url).port)
  const dialWebSocket = async (): Promise<WebSocket> => {
    const webSocket = new WebSocket(credentials.url)
    webSocket.on('error', () => {})
    await once(webSocket, 'open')
    return webSocket
  }
  return {
    started,
    credentials,
    dialWebSocket,
    dial: async () => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      await once(socket, 'connect')
      return socket
    },
    answerTo: async (message) => {
      const webSocket = await dialWebSocket()
      webSocket.send(encodeHandshake(message))
      const [answer] = (await Promise.race([once(webSocket, 'message'), once(webSocket, 'close')])) as [
        unknown,
      ]
      webSocket.terminate()
      return answer instanceof Uint8Array ? answer : new Uint8Array(0)
    },
    validHello: () => hello({ name: credentials.name, token: credentials.token }),
    drops: () => log.filter((line) => line.startsWith('warn: Dropped a connection')),
    expectUnharmed: async () => {
      expect(await cluster.remoteCallFetch(() => process.pid, 2)).toBe(pid)
      expect(log.filter((line) => line.includes('terminated'))).toEqual([])
    },
    [Symbol.asyncDispose]: async () => await started[Symbol.asyncDispose](),
  }
}

function hello(changes: Partial<Hello> = {}): Hello {
  return {
    type: 'hello',
    protocol: protocolVersion,
    runtime: process.version,
    name: 'local-2',
    token: 'x',
    nonce: 'n',
    connection: 'control',
    pid: process.pid,
    received: 0,
    ...changes,
  }
}

function decodeAnswer(answer: Uint8Array): string {
  try {
    return decodeWelcome(answer).type
  } catch (error) {
    return String(error)
  }
}

async function closed(socket: Socket): Promise<boolean> {
  socket.resume()
  await new Promise<void>((resolve) => (socket.destroyed ? resolve() : socket.once('close', () => resolve())))
  return true
}
