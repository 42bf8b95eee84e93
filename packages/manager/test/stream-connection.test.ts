import { once } from 'node:events'
import { createSecureServer } from 'node:http2'
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net'
import { connect } from 'node:tls'
import { generate } from 'selfsigned'
import { expect, test } from 'vitest'
import { ManualClock } from '../../runtime/test/manual-clock.ts'
import { StreamConnection } from '../src/kubernetes/stream-connection.ts'

const { private: key, cert } = await generate([{ name: 'commonName', value: 'test' }], { keyType: 'ec' })

test('StreamConnection closes when the network swallows what is sent, and what is read over it breaks off', async () => {
  const clock = new ManualClock()
  await using network = await networkTo(clock)
  const { connection, swallow } = network
  const { body } = await connection.request({ path: '/log', headers: {}, signal: undefined })
  await once(body, 'data')
  swallow()
  const failed = once(body, 'error')
  await clock.advance(10_000)
  await clock.advance(4_999)
  expect(connection.hasRoom).toBe(true)
  await clock.advance(1)
  await failed
  expect(connection.hasRoom).toBe(false)
  expect(clock.pending).toBe(0)
})

test('StreamConnection stays open as long as it is answered, however silent its streams are', async () => {
  const clock = new ManualClock()
  await using network = await networkTo(clock)
  const { connection } = network
  const { body } = await connection.request({ path: '/log', headers: {}, signal: undefined })
  await once(body, 'data')
  for (let pings = 1; pings <= 3; pings++) {
    await clock.advance(10_000)
    await network.pinged(pings)
  }
  expect(connection.hasRoom).toBe(true)
  const closed = new Promise<void>((resolve) => connection.onClose(resolve))
  body.destroy()
  await closed
  expect(clock.pending).toBe(0)
})

test.each(['https://[fd00::1]:6443', 'https://[fd00::1]', 'https://example.org:6443'])(
  'StreamConnection asks for %s by what is in the URL',
  async (origin) => {
    const clock = new ManualClock()
    await using network = await networkTo(clock, new URL(origin))
    const { body } = await network.connection.request({ path: '/log', headers: {}, signal: undefined })
    const [line] = (await once(body, 'data')) as [Buffer]
    expect(`https://${line.toString()}`).toBe(`${origin}\n`)
    body.destroy()
  },
)

interface Network extends AsyncDisposable {
  readonly connection: StreamConnection
  /** From now on nothing arrives, on either side, and nobody is told. */
  swallow(): void
  /** Resolves when the answer to so many pings has come. */
  pinged(count: number): Promise<void>
}

/** A server that begins an answer, with how it was asked for, and says no more, and the network to it. */
async function networkTo(
  clock: ManualClock,
  origin: URL = new URL('https://127.0.0.1:6443'),
): Promise<Network> {
  let pings = 0
  const server = createSecureServer(
    { key, cert },
    ({ authority }, response) => void response.write(`${authority}\n`),
  )
  server.on('session', (session) => session.on('error', () => {}).on('ping', () => (pings += 1)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const sockets: Socket[] = []
  const between = createServer((socket) => {
    const onward = connectTcp((server.address() as AddressInfo).port, '127.0.0.1')
    sockets.push(
      socket.on('error', () => {}),
      onward.on('error', () => {}),
    )
    socket.pipe(onward).pipe(socket)
  })
  between.listen(0, '127.0.0.1')
  await once(between, 'listening')
  const { port } = between.address() as AddressInfo
  const socket = connect({
    port,
    host: '127.0.0.1',
    ca: cert,
    checkServerIdentity: () => undefined,
    ALPNProtocols: ['h2'],
  })
  await once(socket, 'secureConnect')
  const connection = await StreamConnection.open(origin, socket, clock)
  return {
    connection,
    swallow() {
      for (const one of sockets) one.unpipe()
    },
    async pinged(count) {
      while (pings < count) await new Promise((resolve) => setImmediate(resolve))
      // What comes behind the answer to it has come.
      const { body } = await connection.request({ path: '/', headers: {}, signal: undefined })
      body.destroy()
    },
    async [Symbol.asyncDispose]() {
      for (const one of sockets) one.destroy()
      between.close()
      server.close()
    },
  }
}
