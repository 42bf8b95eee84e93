import { once } from 'node:events'
import { createServer, connect as dial, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { decodeRelayMessage, encodeRelayMessage, proveAsRelay, TunnelMux } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { type KubeError, refusal } from '../src/kubernetes/kube-error.ts'
import { type PortForward, PortForwardError } from '../src/kubernetes/port-forward.ts'
import { RelayError } from '../src/kubernetes/relay-error.ts'
import { Tunnel } from '../src/kubernetes/tunnel.ts'
import type { Logger } from '../src/logger.ts'

const token = 'a token that both ends know'
const signal = new AbortController().signal

function refused(httpStatus: number, message: string): KubeError {
  const request = { verb: 'create', resource: 'pods/portforward', namespace: 'ns', name: 'relay' }
  return refusal(request, { httpStatus, status: { message } })
}

interface RelayEnd extends AsyncDisposable {
  readonly port: number
  /** The next stream that the manager opened and proved. */
  attached(): Promise<{ readonly mux: TunnelMux; readonly socket: Socket }>
  readonly goodbyes: number
}

/** The relay's half, on a real port. */
async function startRelayEnd(itsToken = token): Promise<RelayEnd> {
  const arrived: { mux: TunnelMux; socket: Socket }[] = []
  const waiting: ((one: { mux: TunnelMux; socket: Socket }) => void)[] = []
  let goodbyes = 0
  const attach = async (socket: Socket): Promise<void> => {
    socket.on('error', () => {})
    try {
      await proveAsRelay({ stream: socket, token: itsToken, signal })
    } catch {
      socket.destroy()
      return
    }
    const mux = new TunnelMux({
      stream: socket,
      message: (bytes) => {
        const message = decodeRelayMessage(bytes)
        if (message.type === 'goodbye') {
          goodbyes += 1
          mux.close('the relay ends')
        } else if (message.type === 'probe') {
          const results = message.addresses.map((address) => ({ address, failure: message.certificate }))
          mux.send(encodeRelayMessage({ type: 'probed', results }))
        }
      },
      closed() {},
    })
    const next = waiting.shift()
    if (next === undefined) arrived.push({ mux, socket })
    else next({ mux, socket })
  }
  const server = createServer((socket) => void attach(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    attached: async () => {
      const first = arrived.shift()
      if (first !== undefined) return first
      const { promise, resolve } = Promise.withResolvers<{ mux: TunnelMux; socket: Socket }>()
      waiting.push(resolve)
      return await promise
    },
    get goodbyes() {
      return goodbyes
    },
    [Symbol.asyncDispose]: async () => {
      server.close()
      for (const { socket } of arrived) socket.destroy()
    },
  }
}

async function openTo(port: number): Promise<PortForward> {
  const stream = dial(port, '127.0.0.1')
  await once(stream, 'connect')
  return {
    stream,
    hold: (isHeld) => {
      if (isHeld) stream.ref()
      else stream.unref()
    },
  }
}

interface Watched {
  readonly logger: Logger
  readonly accepted: Duplex[]
  readonly lost: Promise<string>
  /** Resolves with the first line that begins so. */
  logged(start: string): Promise<string>
}

function watch(): Watched & {
  readonly accept: (stream: Duplex) => void
  readonly onLost: (reason: string) => void
} {
  const lines: string[] = []
  const looking = new Set<() => void>()
  const accepted: Duplex[] = []
  const { promise: lost, resolve: onLost } = Promise.withResolvers<string>()
  const log = (line: string): void => {
    lines.push(line)
    for (const look of looking) look()
  }
  return {
    logger: { debug() {}, info: log, warn: log, error: log },
    accepted,
    lost,
    onLost,
    accept: (stream) => {
      stream.on('error', () => {})
      accepted.push(stream)
    },
    logged: async (start) => {
      const { promise, resolve } = Promise.withResolvers<string>()
      const look = (): void => {
        const line = lines.find((one) => one.startsWith(start))
        if (line !== undefined) resolve(line)
      }
      looking.add(look)
      look()
      return await promise
    },
  }
}

/** What the relay sent before has arrived then. */
async function roundTrip(tunnel: Tunnel): Promise<void> {
  await tunnel.probe({ addresses: [], certificate: '' })
}

test('Tunnel hands on what workers dialled to the relay', async () => {
  await using relay = await startRelayEnd()
  const { logger, accept, accepted, onLost } = watch()
  await using tunnel = await Tunnel.open(
    { open: async () => await openTo(relay.port), token, accept, logger, lost: onLost },
    signal,
  )
  tunnel.hold(true)
  const { mux } = await relay.attached()
  mux.open('10.0.0.1')?.end('hello, manager')
  await roundTrip(tunnel)
  expect(await text(accepted[0] as Duplex)).toBe('hello, manager')
})

test('Tunnel asks the relay which addresses it can dial', async () => {
  await using relay = await startRelayEnd()
  const { logger, accept, onLost } = watch()
  await using tunnel = await Tunnel.open(
    { open: async () => await openTo(relay.port), token, accept, logger, lost: onLost },
    signal,
  )
  expect(await tunnel.probe({ addresses: ['10.0.0.1:80', '[fd00::1]:80'], certificate: 'no route' })).toEqual(
    [
      { address: '10.0.0.1:80', failure: 'no route' },
      { address: '[fd00::1]:80', failure: 'no route' },
    ],
  )
})

test('Tunnel opens again when its stream breaks, and breaks the connections that it carried', async () => {
  await using relay = await startRelayEnd()
  const { logger, accept, accepted, onLost, logged } = watch()
  await using tunnel = await Tunnel.open(
    { open: async () => await openTo(relay.port), token, accept, logger, lost: onLost },
    signal,
  )
  const first = await relay.attached()
  first.mux.open('10.0.0.1')
  await roundTrip(tunnel)
  first.socket.end()
  expect(await logged('The tunnel broke')).toBe('The tunnel broke: the other end closed it; opening it again')
  expect(accepted.map(({ destroyed }) => destroyed)).toEqual([true])
  const second = await relay.attached()
  await logged('The tunnel stands again after')
  second.mux.open('10.0.0.2')?.end('again')
  await roundTrip(tunnel)
  expect(await text(accepted[1] as Duplex)).toBe('again')
})

test('Tunnel tries again while the relay is not there yet', async () => {
  await using relay = await startRelayEnd()
  const { logger, accept, onLost } = watch()
  let tries = 0
  const open = async (): Promise<PortForward> => {
    tries += 1
    if (tries === 1) throw new PortForwardError('Cannot forward port 1 of pod relay: not running')
    // As the node does it: the stream is there, and then what it says.
    const forward = await openTo(relay.port)
    if (tries === 2) forward.stream.destroy(new PortForwardError('connection refused'))
    return forward
  }
  await using _ = await Tunnel.open({ open, token, accept, logger, lost: onLost }, signal)
  expect(tries).toBe(3)
})

test.each([
  ['the relay is gone for good', RelayError.ended('relay')],
  ['the right is missing', refused(403, 'User "me" cannot create resource "pods/portforward"')],
])('Tunnel gives up at once when %s', async (_, error) => {
  const { logger, accept, onLost } = watch()
  const open = (): Promise<PortForward> => Promise.reject(error)
  await expect(Tunnel.open({ open, token, accept, logger, lost: onLost }, signal)).rejects.toBe(error)
})

test('Tunnel believes no relay that does not know its token', async () => {
  await using relay = await startRelayEnd('another token')
  const { logger, accept, onLost } = watch()
  await expect(
    Tunnel.open({ open: async () => await openTo(relay.port), token, accept, logger, lost: onLost }, signal),
  ).rejects.toThrow('The relay does not know the token of this tunnel')
})

test('Tunnel says that it is lost when the relay is gone for good', async () => {
  await using relay = await startRelayEnd()
  const { logger, accept, onLost, lost, logged } = watch()
  let isGone = false
  const open = async (): Promise<PortForward> => {
    if (isGone) throw RelayError.ended('relay')
    return await openTo(relay.port)
  }
  await using _ = await Tunnel.open({ open, token, accept, logger, lost: onLost }, signal)
  const { socket } = await relay.attached()
  isGone = true
  socket.destroy()
  const why = 'Cannot start the relay, Job "relay": JobGone: it has ended, or was deleted'
  expect(await lost).toBe(why)
  expect(await logged('The tunnel is lost')).toBe(`The tunnel is lost: ${why}`)
})

test('Tunnel stops trying when its signal fires', async () => {
  const controller = new AbortController()
  const { logger, accept, onLost } = watch()
  const open = (): Promise<PortForward> => {
    controller.abort(new Error('nobody waits any more'))
    return Promise.reject(new Error('not yet'))
  }
  await expect(Tunnel.open({ open, token, accept, logger, lost: onLost }, controller.signal)).rejects.toThrow(
    'nobody waits any more',
  )
})

test('Tunnel says goodbye once, and opens no other stream', async () => {
  await using relay = await startRelayEnd()
  const { logger, accept, onLost } = watch()
  let opened = 0
  const open = async (): Promise<PortForward> => {
    opened += 1
    return await openTo(relay.port)
  }
  const tunnel = await Tunnel.open({ open, token, accept, logger, lost: onLost }, signal)
  await Promise.all([tunnel[Symbol.asyncDispose](), tunnel[Symbol.asyncDispose]()])
  await tunnel[Symbol.asyncDispose]()
  expect([relay.goodbyes, opened]).toEqual([1, 1])
})
