import { once } from 'node:events'
import { createServer, connect as dial, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tunnelLimits } from '../src/tunnel/frame.ts'
import { windowBytes } from '../src/tunnel/tunnel-mux.ts'
import { halfTunnel, openTunnel } from './tunnels.ts'

async function closedOf(stream: Duplex): Promise<Error | undefined> {
  const { promise, resolve } = Promise.withResolvers<Error | undefined>()
  let failure: Error | undefined
  stream.on('error', (error) => {
    failure = error
  })
  stream.once('close', () => resolve(failure))
  return await promise
}

/** Until nothing moves any more: what is under way in memory takes a few turns a hop. */
async function settle(): Promise<void> {
  for (let n = 0; n < 50; n++) await turn()
}

test('TunnelMux carries bytes in both directions and tells where a connection came from', async () => {
  const { connect } = openTunnel()
  const [relay, manager] = await connect('10.1.2.3')
  relay.end('to the manager')
  manager.end('to the relay')
  expect((await buffer(manager)).toString()).toBe('to the manager')
  expect((await buffer(relay)).toString()).toBe('to the relay')
  expect(Reflect.get(manager, 'remoteAddress')).toBe('10.1.2.3')
})

test('TunnelMux forgets a connection that has ended in both directions', async () => {
  const { connect, relay, manager } = openTunnel()
  const [ours, theirs] = await connect()
  ours.end('question')
  const question = await bytesOf(theirs)
  expect([relay.mux.size, manager.mux.size]).toEqual([1, 1])
  theirs.end(`${question.toString()}, answered after the end`)
  expect((await bytesOf(ours)).toString()).toBe('question, answered after the end')
  await settle()
  expect([relay.mux.size, manager.mux.size]).toEqual([0, 0])
  expect([...relay.closed, ...manager.closed]).toEqual([])
})

test('TunnelMux resets the other side of a connection that was destroyed, and no other', async () => {
  const { connect, relay, manager } = openTunnel()
  const [ours, theirs] = await connect()
  const [, other] = await connect()
  const broken = closedOf(theirs)
  ours.destroy()
  expect(await broken).toMatchObject({
    code: 'ECONNRESET',
    message: 'Tunnel connection 1 broke: the other end reset it',
  })
  expect(other.destroyed).toBe(false)
  expect([relay.mux.size, manager.mux.size]).toEqual([1, 1])
})

test('TunnelMux breaks all connections when its stream breaks, and says so once', async () => {
  const { connect, relay, manager, streams } = openTunnel()
  const ends = [...(await connect()), ...(await connect())]
  const broken = ends.map(closedOf)
  streams[0].destroy()
  for (const error of await Promise.all(broken)) expect(error).toMatchObject({ code: 'ECONNRESET' })
  expect(relay.closed).toEqual(['the stream closed'])
  expect(manager.closed).toHaveLength(1)
  expect([relay.mux.size, manager.mux.size]).toEqual([0, 0])
  expect(relay.mux.open('10.0.0.1')).toBe(undefined)
})

test('TunnelMux passes messages between the two ends', async () => {
  const { relay, manager } = openTunnel()
  relay.mux.send(Buffer.from('from the relay'))
  manager.mux.send(Buffer.from('from the manager'))
  await settle()
  expect([manager.messages, relay.messages]).toEqual([['from the relay'], ['from the manager']])
  expect(() => relay.mux.send(Buffer.alloc(65_537))).toThrow('Cannot send a tunnel message of 65537 bytes')
})

test('TunnelMux lets no connection that is not read hold up another', async () => {
  const { connect } = openTunnel()
  const [stuck, unread] = await connect()
  const [ours, theirs] = await connect()
  let taken = 0
  const chunk = Buffer.alloc(65_536)
  for (let n = 0; n < 64; n++) stuck.write(chunk, () => (taken += chunk.byteLength))
  const payload = Buffer.alloc(8 * 1_048_576, 'x')
  ours.end(payload)
  expect((await buffer(theirs)).equals(payload)).toBe(true)
  // As much as one window, and what the reading end keeps itself before anybody asks.
  expect(taken).toBeLessThanOrEqual(tunnelLimits.maxWindowBytes + 2 * chunk.byteLength)
  expect(unread.readableLength).toBeLessThanOrEqual(2 * chunk.byteLength)
  // Once it is read, it goes on.
  stuck.end()
  expect((await buffer(unread)).byteLength).toBe(64 * chunk.byteLength)
})

test('TunnelMux sends in turns: little of one connection does not wait for much of others', async () => {
  const { mux, raw, heard, says } = halfTunnel(false)
  const large = [mux.open('10.0.0.1'), mux.open('10.0.0.2')]
  const small = mux.open('10.0.0.3')
  for (const connection of [1, 2]) says({ type: 'window', connection, bytes: 500_000 })
  await settle()
  raw.pause()
  for (const connection of large) connection?.write(Buffer.alloc(500_000))
  small?.write('a heartbeat')
  raw.resume()
  await settle()
  const order = heard.filter((frame) => frame.type === 'data').map(({ connection }) => connection)
  // What was under way already, then one frame each.
  expect(order.indexOf(3)).toBeLessThan(6)
  expect(order.filter((connection) => connection === 1).length).toBeGreaterThan(14)
})

test('TunnelMux sends what fits the window, and the rest once more is granted', async () => {
  const { mux, heard, says } = halfTunnel(false)
  const connection = mux.open('10.0.0.1')
  const count = (): number =>
    heard.reduce((sum, frame) => sum + (frame.type === 'data' ? frame.bytes.byteLength : 0), 0)
  connection?.write(Buffer.alloc(100_000))
  await settle()
  expect(count()).toBe(65_536)
  says({ type: 'window', connection: 1, bytes: 1_000 })
  await settle()
  expect(count()).toBe(66_536)
  says({ type: 'window', connection: 1, bytes: 100_000 })
  await settle()
  expect(count()).toBe(100_000)
})

test('windowBytes() gives many connections less each, so that all together are bounded', () => {
  expect(windowBytes(1)).toBe(1_048_576)
  expect(windowBytes(128)).toBe(1_048_576)
  expect(windowBytes(1_024)).toBe(131_072)
  expect(windowBytes(4_096)).toBe(65_536)
})

const opened = { type: 'open', connection: 1, address: '10.0.0.1' } as const
const some = (length: number): Buffer => Buffer.alloc(length, 'x')

test.each([
  [
    'bytes for a connection that never was',
    [{ type: 'data', connection: 1, bytes: some(1) }],
    'Received data of tunnel connection 1 before its open',
  ],
  [
    'a number that is skipped',
    [{ ...opened, connection: 2 }],
    'Received an open of tunnel connection 2 after 0',
  ],
  ['a number that is used twice', [opened, opened], 'Received an open of tunnel connection 1 after 1'],
  [
    'a second end',
    [opened, { type: 'end', connection: 1 }, { type: 'end', connection: 1 }],
    'Received a second end of tunnel connection 1',
  ],
  [
    'bytes behind the end',
    [opened, { type: 'end', connection: 1 }, { type: 'data', connection: 1, bytes: some(1) }],
    'Received bytes behind the end of tunnel connection 1',
  ],
  [
    'a window that is too large',
    [opened, { type: 'window', connection: 1, bytes: 1_000_000 }],
    'Received a window of 1065536 bytes for connection 1',
  ],
] as const)('TunnelMux closes at %s', async (_, frames, reason) => {
  const { says, closed, raw } = halfTunnel(true)
  const ended = once(raw, 'close')
  says(...frames)
  raw.end()
  await ended
  expect(closed).toEqual([reason])
})

test('TunnelMux closes when the manager opens a connection to the relay', async () => {
  const { says, closed } = halfTunnel(false)
  says(opened)
  await settle()
  expect(closed).toEqual(['Received an open of tunnel connection 1 after 0'])
})

test('TunnelMux closes when more comes than the window allows', async () => {
  const { says, closed, accepted } = halfTunnel(true)
  const piece = some(tunnelLimits.maxDataBytes)
  says(opened, ...Array.from({ length: 40 }, () => ({ type: 'data', connection: 1, bytes: piece }) as const))
  await settle()
  expect(closed).toHaveLength(1)
  expect(closed[0]).toMatch(/^Received \d+ bytes beyond the window of connection 1$/)
  expect(accepted[0]?.destroyed).toBe(true)
})

test('TunnelMux closes when the other end asks for answers and reads none', async () => {
  const { says, closed, raw } = halfTunnel(true)
  raw.pause()
  const pings = Array.from({ length: 10_000 }, (_, n) => ({ type: 'ping', n }) as const)
  for (let round = 0; closed.length === 0 && round < 200; round++) {
    says(...pings)
    await settle()
  }
  expect(closed).toEqual(['the other end does not read'])
})

test('TunnelMux turns a connection away when there are too many', async () => {
  const { mux, says, heard, accepted } = halfTunnel(true)
  const all = Array.from(
    { length: 4_097 },
    (_, n) => ({ type: 'open', connection: n + 1, address: '' }) as const,
  )
  says(...all)
  await settle()
  expect([mux.size, accepted.length]).toEqual([4_096, 4_096])
  expect(heard).toEqual([{ type: 'reset', connection: 4_097 }])
})

test('TunnelMux ignores what was under way for a connection that it has dropped', async () => {
  const { says, closed, accepted, mux } = halfTunnel(true)
  says(opened)
  await settle()
  accepted[0]?.destroy()
  says({ type: 'data', connection: 1, bytes: some(10) }, { type: 'window', connection: 1, bytes: 1 })
  says({ type: 'end', connection: 1 }, { type: 'reset', connection: 1 })
  await settle()
  expect([closed, mux.size]).toEqual([[], 0])
})

test('TunnelMux closes when nothing comes, and answers pings so that the other end does not', async () => {
  const times = { pingIntervalMs: 10, silenceLimitMs: 60 }
  const { relay, manager, connect } = openTunnel(undefined, times)
  await connect()
  const silent = Promise.withResolvers<string>()
  const { heard, mux } = halfTunnel(true, { ...times, closed: silent.resolve })
  mux.open('10.0.0.1')
  expect(await silent.promise).toBe('nothing came for 60 ms')
  expect(heard.filter(({ type }) => type === 'ping').length).toBeGreaterThan(0)
  expect([...relay.closed, ...manager.closed]).toEqual([])
  relay.mux.close('over')
  expect(relay.closed).toEqual(['over'])
})

test('TunnelMux carries any bytes in any pieces over many connections at once, over sockets', async () => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const streams = async (): Promise<readonly [Socket, Socket]> => {
    const accepted = once(server, 'connection') as Promise<[Socket]>
    return [dial(port, '127.0.0.1'), (await accepted)[0]]
  }
  const sizes = fc.array(fc.integer({ min: 1, max: 200_000 }), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(sizes, sizes), { minLength: 1, maxLength: 6 }),
      async (connections) => {
        const tunnel = openTunnel(await streams())
        const send = async (stream: Duplex, pieces: readonly number[], mark: number): Promise<void> => {
          for (const size of pieces) if (!stream.write(Buffer.alloc(size, mark))) await once(stream, 'drain')
          stream.end()
        }
        const both = connections.map(async ([out, back], index) => {
          const [ours, theirs] = await tunnel.connect()
          const sent = [send(ours, out, index), send(theirs, back, index + 100)]
          const received = await Promise.all([bytesOf(theirs), bytesOf(ours)])
          await Promise.all(sent)
          const sum = (pieces: readonly number[]): number => pieces.reduce((total, size) => total + size, 0)
          expect(received[0].equals(Buffer.alloc(sum(out), index))).toBe(true)
          expect(received[1].equals(Buffer.alloc(sum(back), index + 100))).toBe(true)
        })
        await Promise.all(both)
        tunnel.relay.mux.close('over')
        tunnel.manager.mux.close('over')
      },
    ),
    { numRuns: 25 },
  )
  server.close()
})

/** Reads to the end, and leaves the other direction as it is: `buffer` of node:stream/consumers destroys a stream then. */
async function bytesOf(stream: Duplex): Promise<Buffer> {
  return await buffer(stream.iterator({ destroyOnReturn: false }))
}
