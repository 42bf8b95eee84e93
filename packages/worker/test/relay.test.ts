import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { proveAsManager, TunnelMux } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { Relay } from '../src/relay/relay.ts'

const token = 'a token that both ends know'
const main = fileURLToPath(new URL('../src/relay/main.ts', import.meta.url))

async function closeOf(stream: Duplex): Promise<void> {
  await new Promise<void>((resolve) => stream.on('error', () => {}).once('close', resolve))
}

interface Started extends AsyncDisposable {
  readonly relay: Relay
  /** Resolves with the first line that has this text, also if it was before. */
  logged(text: string): Promise<string>
  readonly ended: Promise<string>
  /** Dials as a worker does. */
  dial(): Promise<Socket>
}

async function startRelay(orphanLimitMs = 60_000): Promise<Started> {
  const lines: string[] = []
  const waiting = new Set<() => void>()
  const { promise: ended, resolve } = Promise.withResolvers<string>()
  const log = (line: string): void => {
    lines.push(line)
    for (const look of waiting) look()
  }
  const relay = await Relay.open({ token, port: 0, controlPort: 0, orphanLimitMs, log, ended: resolve })
  return {
    relay,
    ended,
    logged: async (text) => {
      const { promise, resolve: found } = Promise.withResolvers<string>()
      const look = (): void => {
        const line = lines.find((one) => one.includes(text))
        if (line !== undefined) found(line)
      }
      waiting.add(look)
      look()
      return await promise.finally(() => waiting.delete(look))
    },
    dial: async () => {
      const socket = connect({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true })
      socket.on('error', () => {})
      await once(socket, 'connect')
      return socket
    },
    [Symbol.asyncDispose]: async () => await relay[Symbol.asyncDispose](),
  }
}

interface Manager {
  readonly stream: Socket
  readonly closed: Promise<string>
  /** The next connection that a worker made. */
  accepted(): Promise<Duplex>
}

async function connectManager({ relay }: Started): Promise<Manager> {
  const stream = connect(relay.controlPort, '127.0.0.1')
  await proveAsManager({ stream, token, signal: AbortSignal.timeout(10_000) })
  const arrived: Duplex[] = []
  const waiting: ((connection: Duplex) => void)[] = []
  const { promise: closed, resolve } = Promise.withResolvers<string>()
  const mux = new TunnelMux({
    stream,
    accept: (connection) => {
      const next = waiting.shift()
      if (next === undefined) arrived.push(connection)
      else next(connection)
    },
    message() {},
    closed: resolve,
  })
  expect(mux.size).toBe(0)
  return {
    stream,
    closed,
    accepted: async () => {
      const first = arrived.shift()
      if (first !== undefined) return first
      const { promise, resolve: found } = Promise.withResolvers<Duplex>()
      waiting.push(found)
      return await promise
    },
  }
}

test('Relay carries what a worker says to the manager and back, also after one has said all', async () => {
  await using started = await startRelay()
  const manager = await connectManager(started)
  await started.logged('the manager is here')
  const worker = await started.dial()
  const theirs = await manager.accepted()
  worker.end(Buffer.alloc(3_000_000, 'w'))
  // `buffer` alone destroys what it has read, with the answer that is still to be written.
  const heard = await buffer(theirs.iterator({ destroyOnReturn: false }))
  expect(heard.equals(Buffer.alloc(3_000_000, 'w'))).toBe(true)
  theirs.end('heard all of it')
  expect((await buffer(worker)).toString()).toBe('heard all of it')
  expect(Reflect.get(theirs, 'remoteAddress')).toMatch(/^(::ffff:)?127\.0\.0\.1$/)
})

test('Relay breaks the connection of a worker at both ends when one breaks', async () => {
  await using started = await startRelay()
  const manager = await connectManager(started)
  await started.logged('the manager is here')
  const workers = [await started.dial(), await started.dial()] as const
  const theirs = [await manager.accepted(), await manager.accepted()] as const
  for (const connection of theirs) connection.on('error', () => {})
  const closed = [closeOf(theirs[0]), closeOf(workers[1])]
  workers[0].resetAndDestroy()
  theirs[1].destroy()
  await Promise.all(closed)
  expect(manager.stream.destroyed).toBe(false)
})

test('Relay drops workers while there is no manager', async () => {
  await using started = await startRelay()
  const worker = connect(started.relay.port, '127.0.0.1')
  await closeOf(worker.resume())
  expect(worker.bytesRead).toBe(0)
})

test('Relay breaks all connections when the manager is gone, and takes new ones when it is back', async () => {
  await using started = await startRelay()
  const first = await connectManager(started)
  await started.logged('the manager is here')
  const worker = await started.dial()
  await first.accepted()
  const broken = closeOf(worker.resume())
  first.stream.destroy()
  await broken
  await started.logged('the manager is gone')
  const second = await connectManager(started)
  const again = await started.dial()
  again.end('hello again')
  expect((await buffer(await second.accepted())).toString()).toBe('hello again')
})

test('Relay gives the former stream up when the manager has opened another', async () => {
  await using started = await startRelay()
  const first = await connectManager(started)
  await started.logged('the manager is here')
  const second = await connectManager(started)
  expect(await first.closed).toMatch(/closed/)
  expect(second.stream.destroyed).toBe(false)
})

test('Relay turns away a stream of somebody who does not know the token, and keeps the manager', async () => {
  await using started = await startRelay()
  const manager = await connectManager(started)
  await started.logged('the manager is here')
  const stream = connect(started.relay.controlPort, '127.0.0.1')
  await expect(
    proveAsManager({ stream, token: 'another token', signal: AbortSignal.timeout(10_000) }),
  ).rejects.toThrow('The relay does not know the token of this tunnel')
  stream.destroy()
  expect(await started.logged('turned away')).toBe(
    "turned away a stream that is not the manager's: The other end of the tunnel closed the stream before it was proven",
  )
  expect(manager.stream.destroyed).toBe(false)
})

test('Relay lets only so many streams wait for their proof', async () => {
  await using started = await startRelay()
  const open = async (): Promise<Socket> => {
    const stream = connect(started.relay.controlPort, '127.0.0.1')
    stream.on('error', () => {})
    await once(stream, 'connect')
    return stream
  }
  const waiting = await Promise.all(Array.from({ length: 16 }, open))
  const oneMore = await open()
  await once(oneMore.resume(), 'close')
  expect(waiting.filter(({ destroyed }) => destroyed)).toEqual([])
  for (const stream of waiting) stream.destroy()
})

test('Relay ends when it is without a manager for too long, also after it had one', async () => {
  await using never = await startRelay(50)
  expect(await never.ended).toBe('no manager for 0.05 s')
  await using lost = await startRelay(5_000)
  const manager = await connectManager(lost)
  await lost.logged('the manager is here')
  manager.stream.destroy()
  expect(await lost.ended).toBe('no manager for 5 s')
})

test('Relay.leave() breaks off with the manager and the workers, and turns away who dials', async () => {
  await using started = await startRelay()
  const manager = await connectManager(started)
  await started.logged('the manager is here')
  const worker = await started.dial()
  await manager.accepted()
  const closed = [closeOf(worker.resume()), closeOf(manager.stream.resume())]
  const { controlPort } = started.relay
  started.relay.leave()
  await Promise.all(closed)
  const again = connect(started.relay.port, '127.0.0.1')
  await closeOf(again.resume())
  expect(again.bytesRead).toBe(0)
  const stream = connect(controlPort, '127.0.0.1')
  const { promise: failed, resolve } = Promise.withResolvers<Error>()
  stream.once('error', resolve)
  expect(await failed).toMatchObject({ code: 'ECONNREFUSED' })
})

test('Relay ends when the manager says goodbye', async () => {
  await using started = await startRelay()
  const stream = connect(started.relay.controlPort, '127.0.0.1')
  await proveAsManager({ stream, token, signal: AbortSignal.timeout(10_000) })
  const mux = new TunnelMux({ stream, message() {}, closed() {} })
  mux.send(Buffer.from('{"type":"goodbye"}'))
  expect(await started.ended).toBe('the manager said goodbye')
})

test('Relay closes a stream with a message that it does not know', async () => {
  await using started = await startRelay()
  const stream = connect(started.relay.controlPort, '127.0.0.1')
  await proveAsManager({ stream, token, signal: AbortSignal.timeout(10_000) })
  const mux = new TunnelMux({ stream, message() {}, closed() {} })
  mux.send(Buffer.from('{"type":"dance"}'))
  expect(await started.logged('gone')).toBe(
    "the manager is gone: Received a tunnel message of unknown type: 'dance'",
  )
})

test.each([
  ['0 when no manager comes', '100', undefined, 0, 'relay: ends: no manager for 0.1 s'],
  ['143 at SIGTERM, so that its Job makes another', '60000', 'SIGTERM', 143, 'relay: ends: SIGTERM'],
  [
    '1 with a wrong environment',
    'soon',
    undefined,
    1,
    'cannot start the relay: DIALBACK_RELAY_ORPHAN_LIMIT_MS',
  ],
] as const)('the process of the relay ends with code %s', async (_, limit, signal, code, text) => {
  const relay = spawn(process.execPath, [main], {
    env: {
      ...process.env,
      DIALBACK_RELAY_TOKEN: token,
      DIALBACK_RELAY_PORT: String(await freePort(20_000)),
      DIALBACK_RELAY_CONTROL_PORT: String(await freePort(25_000)),
      DIALBACK_RELAY_ORPHAN_LIMIT_MS: limit,
    },
  })
  let output = ''
  for (const stream of [relay.stdout, relay.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      output += bytes.toString()
      if (signal !== undefined && output.includes('workers dial')) relay.kill(signal)
    })
  }
  expect((await once(relay, 'close'))[0]).toBe(code)
  expect(output).toContain(text)
})

/**
 * One of 5,000 that nothing listens on. They are below those that the system gives away, to other tests too, one of which
 * would else have taken it by the time that it is listened on.
 */
async function freePort(from: number): Promise<number> {
  for (;;) {
    const port = randomInt(from, from + 5_000)
    const server = createServer().listen(port)
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    await once(server.close(), 'close')
    return port
  }
}
