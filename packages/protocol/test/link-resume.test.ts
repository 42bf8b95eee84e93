import { once } from 'node:events'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { memoryTransportPair } from '../src/memory-transport.ts'
import { LinkEnd, settled } from './ends.ts'
import { startLoopback } from './loopback.ts'

/** A worker's link and its manager's, with what each has sent. */
class Pair {
  readonly worker = new LinkEnd()
  readonly manager = new LinkEnd()
  readonly sent: [worker: number[], manager: number[]] = [[], []]
  #last = 0

  /** Dials as a worker does: it says what it has, is told what the manager has, and attaches `lag` turns later. */
  async dial(lag = 0): Promise<void> {
    const [left, right] = memoryTransportPair()
    const { received } = this.manager.link
    this.manager.link.attach(right, this.worker.link.received)
    await settled(lag)
    this.worker.link.attach(left, received)
  }

  send(side: 0 | 1, count: number, bytes: number): void {
    const { link } = side === 0 ? this.worker : this.manager
    for (let i = 0; i < count; i++) {
      const id = ++this.#last
      this.sent[side].push(id)
      link.send({ type: 'result', id }, new Uint8Array(bytes))
    }
  }

  async allArrived(): Promise<void> {
    await this.manager.arrived(this.sent[0].length)
    await this.worker.arrived(this.sent[1].length)
  }

  get arrived(): [number[], number[]] {
    const ids = ({ frames }: LinkEnd): number[] =>
      frames.map((header) => (header.type === 'result' ? header.id : -1))
    return [ids(this.manager), ids(this.worker)]
  }
}

type Step =
  | { readonly kind: 'send'; readonly side: 0 | 1; readonly count: number; readonly bytes: number }
  | { readonly kind: 'wait'; readonly turns: number }
  | {
      readonly kind: 'break'
      readonly who: 'worker' | 'manager' | 'both'
      readonly turns: number
      readonly lag: number
    }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      side: fc.constantFrom(0 as const, 1 as const),
      count: fc.integer({ min: 1, max: 200 }),
      bytes: fc.constantFrom(0, 100, 20_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), turns: fc.nat(4) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('break' as const),
      who: fc.constantFrom('worker' as const, 'manager' as const, 'both' as const),
      turns: fc.nat(3),
      lag: fc.nat(3),
    }),
  },
)

test('Link loses nothing and repeats nothing, whenever its transport breaks', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 30 }), async (steps) => {
      const pair = new Pair()
      await pair.dial()
      for (const next of steps) {
        if (next.kind === 'send') pair.send(next.side, next.count, next.bytes)
        else if (next.kind === 'wait') await settled(next.turns)
        else {
          if (next.who !== 'manager') pair.worker.link.drop('cut')
          if (next.who !== 'worker') pair.manager.link.drop('cut')
          await settled(next.turns)
          await pair.dial(next.lag)
        }
      }
      if (!pair.worker.link.isAttached || !pair.manager.link.isAttached) await pair.dial()
      await pair.allArrived()
      expect(pair.arrived).toEqual(pair.sent)
      expect([...pair.worker.violations, ...pair.manager.violations]).toEqual([])
      pair.worker.link.destroy()
      pair.manager.link.destroy()
    }),
    { numRuns: 150, timeout: 20_000 },
  )
})

test('Link acknowledges all in the end, so that nothing is kept', async () => {
  const pair = new Pair()
  await pair.dial()
  pair.send(0, 1_000, 1_000)
  pair.send(1, 1_000, 1_000)
  await settled(100)
  pair.worker.link.drop('cut')
  await pair.dial()
  pair.send(0, 10, 0)
  // What each has received is told to the other with the handshake at the latest.
  await settled(100)
  await pair.dial()
  expect([pair.worker.link.isIdle, pair.manager.link.isIdle]).toEqual([true, true])
})

test('Link goes on over another WebSocket when one is cut off in the middle', async () => {
  await using loopback = await startLoopback()
  const pair = new Pair()
  const dial = async (): Promise<WebSocket> => {
    const { socket, client, server } = await loopback.connect()
    const { received } = pair.manager.link
    pair.manager.link.attach(server, pair.worker.link.received)
    pair.worker.link.attach(client, received)
    return socket
  }
  for (let round = 0; round < 5; round++) {
    const socket = await dial()
    pair.send(0, 300, 10_000)
    pair.send(1, 300, 10_000)
    await once(socket, 'message')
    socket.terminate()
    await once(socket, 'close')
  }
  await dial()
  await pair.allArrived()
  expect(pair.arrived).toEqual(pair.sent)
  pair.worker.link.destroy()
  pair.manager.link.destroy()
})
