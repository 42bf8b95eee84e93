import { describe, expect, test } from 'vitest'
import { limits } from '../src/limits.ts'
import { memoryTransportPair } from '../src/memory-transport.ts'
import type { Transport } from '../src/transport.ts'
import { settled } from './ends.ts'
import { startLoopback } from './loopback.ts'

interface Pair extends AsyncDisposable {
  readonly left: Transport
  readonly right: Transport
}

function memoryPair(): Promise<Pair> {
  const [left, right] = memoryTransportPair()
  return Promise.resolve({ left, right, [Symbol.asyncDispose]: () => Promise.resolve() })
}

async function webSocketPair(): Promise<Pair> {
  const loopback = await startLoopback()
  const { client, server } = await loopback.connect()
  return {
    left: client,
    right: server,
    [Symbol.asyncDispose]: async () => {
      client.terminate()
      server.terminate()
      await loopback[Symbol.asyncDispose]()
    },
  }
}

/** Binds, and writes down what it is told. */
class Recorder {
  readonly messages: Buffer[] = []
  readonly reasons: string[] = []
  drains = 0
  #onEvent: (() => void) | undefined

  constructor(transport: Transport) {
    transport.bind({
      message: (packet) => this.#note(() => this.messages.push(Buffer.from(packet))),
      closed: (reason) => this.#note(() => this.reasons.push(reason)),
      drained: () => this.#note(() => (this.drains += 1)),
    })
  }

  async until(isTrue: (recorder: this) => boolean): Promise<void> {
    while (!isTrue(this)) {
      await new Promise<void>((resolve) => {
        this.#onEvent = resolve
      })
    }
  }

  #note(note: () => void): void {
    note()
    this.#onEvent?.()
  }
}

describe.each([
  ['memory', memoryPair],
  ['WebSocket', webSocketPair],
])('a %s transport', (_, createPair) => {
  test('carries whole messages of any size in order', async () => {
    await using pair = await createPair()
    const right = new Recorder(pair.right)
    const messages = [0, 1, 125, 126, 65_536, 3_000_000].map((length, i) => Buffer.alloc(length, i + 1))
    for (const message of messages) pair.left.send(message)
    await right.until(({ messages: { length } }) => length === 6)
    expect(right.messages.map((message, i) => message.equals(messages[i] ?? Buffer.of()))).toEqual(
      Array(6).fill(true),
    )
  })

  test('carries both ways', async () => {
    await using pair = await createPair()
    const [left, right] = [new Recorder(pair.left), new Recorder(pair.right)]
    pair.left.send(Buffer.of(1))
    pair.right.send(Buffer.of(2))
    await left.until(({ messages }) => messages.length === 1)
    await right.until(({ messages }) => messages.length === 1)
    expect([left.messages, right.messages]).toEqual([[Buffer.of(2)], [Buffer.of(1)]])
  })

  test('keeps what comes while nobody is told for the next who binds', async () => {
    await using pair = await createPair()
    const left = new Recorder(pair.left)
    for (const n of [1, 2, 3]) pair.left.send(Buffer.of(n))
    pair.left.close('enough')
    await left.until(({ reasons }) => reasons.length === 1)
    await settled()
    const first: number[] = []
    pair.right.bind({
      message: (packet) => {
        pair.right.unbind()
        first.push(packet[0] ?? 0)
      },
      closed() {},
      drained() {},
    })
    expect(first).toEqual([1])
    const right = new Recorder(pair.right)
    await right.until(({ reasons }) => reasons.length === 1)
    expect(right.messages).toEqual([Buffer.of(2), Buffer.of(3)])
  })

  test('close() lets what was sent arrive, and tells both ends once', async () => {
    await using pair = await createPair()
    const [left, right] = [new Recorder(pair.left), new Recorder(pair.right)]
    pair.left.send(Buffer.alloc(2_000_000))
    pair.left.close('done')
    pair.left.close('done again')
    await left.until(({ reasons }) => reasons.length > 0)
    await right.until(({ reasons }) => reasons.length > 0)
    await settled()
    expect([left.reasons, right.reasons]).toEqual([['done'], ['done']])
    expect(right.messages[0]).toHaveLength(2_000_000)
  })

  test('close() takes a reason of any length and language', async () => {
    await using pair = await createPair()
    const right = new Recorder(pair.right)
    pair.left.close('Verbindung gekappt – 接続が切れました'.repeat(20))
    await right.until(({ reasons }) => reasons.length > 0)
    expect(right.reasons[0]).toMatch(/^Verbindung gekappt – 接続が切れました/)
  })

  test('terminate() tells both ends', async () => {
    await using pair = await createPair()
    const [left, right] = [new Recorder(pair.left), new Recorder(pair.right)]
    pair.left.terminate()
    await left.until(({ reasons }) => reasons.length > 0)
    await right.until(({ reasons }) => reasons.length > 0)
    expect([left.reasons, right.reasons].map(({ length }) => length)).toEqual([1, 1])
  })

  test('send() after the end does nothing', async () => {
    await using pair = await createPair()
    const right = new Recorder(pair.right)
    pair.left.terminate()
    await right.until(({ reasons }) => reasons.length > 0)
    pair.left.send(Buffer.of(1))
    pair.right.send(Buffer.of(1))
    await settled()
    expect(right).toMatchObject({ messages: [], reasons: [expect.any(String)] })
  })

  test('is full when much waits, and says when it is not any more', async () => {
    await using pair = await createPair()
    const [left, right] = [new Recorder(pair.left), new Recorder(pair.right)]
    expect(pair.left.isFull).toBe(false)
    let sent = 0
    while (!pair.left.isFull) {
      pair.left.send(Buffer.alloc(256 * 1024))
      sent += 1
    }
    expect(sent * 256 * 1024).toBeGreaterThanOrEqual(limits.socketHighWaterBytes)
    await left.until(({ drains }) => drains === 1)
    expect(pair.left.isFull).toBe(false)
    await right.until(({ messages }) => messages.length === sent)
  })

  test('hold() can be called at any time', async () => {
    await using pair = await createPair()
    const right = new Recorder(pair.right)
    pair.left.hold(false)
    pair.left.hold(true)
    pair.left.terminate()
    await right.until(({ reasons }) => reasons.length > 0)
    expect(() => pair.left.hold(false)).not.toThrow()
  })
})
