import { once } from 'node:events'
import { type Duplex, duplexPair } from 'node:stream'
import { expect, test } from 'vitest'
import { AuthenticationError, ProtocolError } from '../src/errors.ts'
import { proveAsManager, proveAsRelay } from '../src/tunnel/tunnel-handshake.ts'

const token = 'a token that both ends know'
const signal = new AbortController().signal

test('proveAsManager() and proveAsRelay() believe each other, and leave what comes behind in the stream', async () => {
  const [manager, relay] = duplexPair()
  const both = [
    proveAsManager({ stream: manager, token, signal }),
    proveAsRelay({ stream: relay, token, signal }),
  ]
  await both[0]
  manager.write('first')
  await both[1]
  relay.write('second')
  const [toRelay] = (await once(relay, 'data')) as [Buffer]
  const [toManager] = (await once(manager, 'data')) as [Buffer]
  expect([toRelay.toString(), toManager.toString()]).toEqual(['first', 'second'])
})

test('proveAsManager() does not believe a relay with another token, and proves nothing to it', async () => {
  const [manager, relay] = duplexPair()
  const relays = proveAsRelay({ stream: relay, token: 'another', signal })
  await expect(proveAsManager({ stream: manager, token, signal })).rejects.toThrow(AuthenticationError)
  manager.destroy()
  await expect(relays).rejects.toThrow('The other end of the tunnel closed the stream before it was proven')
})

test('proveAsRelay() does not believe a proof of another token, nor its own played back', async () => {
  for (const answer of [() => Buffer.alloc(32, 1), (heard: Buffer) => heard.subarray(32)]) {
    const [manager, relay] = duplexPair()
    const relays = proveAsRelay({ stream: relay, token, signal })
    manager.write(Buffer.concat([Buffer.from('dialback-tunnel/1\n'), Buffer.alloc(32)]))
    const [heard] = (await once(manager, 'data')) as [Buffer]
    manager.write(answer(heard))
    await expect(relays).rejects.toThrow(AuthenticationError)
  }
})

test('proveAsRelay() refuses another greeting without a word', async () => {
  const [manager, relay] = duplexPair()
  const relays = proveAsRelay({ stream: relay, token, signal })
  manager.write(`GET / HTTP/1.1\r\nhost: x\r\n\r\n${' '.repeat(50)}`)
  await expect(relays).rejects.toThrow(ProtocolError)
  expect(relay.writableLength).toBe(0)
  expect(manager.read()).toBe(null)
})

test.each([
  ['the end', (stream: Duplex) => void stream.end('dialback')],
  ['a break', (stream: Duplex) => void stream.destroy()],
])('proveAsRelay() rejects at %s of the stream', async (_, stop) => {
  const [manager, relay] = duplexPair()
  const relays = proveAsRelay({ stream: relay, token, signal })
  stop(manager)
  await expect(relays).rejects.toThrow('The other end of the tunnel closed the stream before it was proven')
})

test('proveAsManager() gives up when its signal fires, before and while it waits', async () => {
  const reason = new Error('too late')
  const [manager] = duplexPair()
  await expect(proveAsManager({ stream: manager, token, signal: AbortSignal.abort(reason) })).rejects.toBe(
    reason,
  )
  const controller = new AbortController()
  const waiting = proveAsManager({ stream: manager, token, signal: controller.signal })
  controller.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  expect(manager.listenerCount('readable')).toBe(0)
})
