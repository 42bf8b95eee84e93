import { ChannelClosedError } from '@dialback/protocol'
import { RemoteChannel } from '@dialback/runtime'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { InMemoryCluster, nothingLeft, settled } from './in-memory-cluster.ts'

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('put' as const), by: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('take' as const), by: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('abort' as const), at: fc.nat({ max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const), by: fc.constantFrom(3, 4) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('turn' as const), count: fc.integer({ min: 1, max: 12 }) }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** Puts and takes of all processes on one channel, and how each ended. */
class ChannelUse {
  readonly put = new Set<number>()
  readonly refused = new Set<number>()
  readonly taken: { readonly value: number; readonly by: number }[] = []
  readonly #cluster: InMemoryCluster
  readonly #at: ReturnType<RemoteChannel<number>['toHandle']>
  readonly #dead = new Set<number>()
  readonly #controllers: AbortController[] = []
  /** What is to settle, as its process lives. */
  readonly #waiting = new Map<Promise<void>, number>()
  #lastValue = 0

  constructor(cluster: InMemoryCluster, channel: RemoteChannel<number>) {
    this.#cluster = cluster
    this.#at = channel.toHandle()
  }

  async do(each: Step): Promise<void> {
    if (each.do === 'put') this.#put(each.by)
    else if (each.do === 'take') this.#take(each.by)
    else if (each.do === 'abort') this.#controllers[each.at]?.abort(new Error('enough'))
    else if (each.do === 'turn') await settled(each.count)
    else if (!this.#dead.has(each.by)) {
      this.#dead.add(each.by)
      await this.#cluster.workers[each.by - 2]?.kill()
    }
  }

  async allSettled(): Promise<void> {
    const live = [...this.#waiting].filter(([, by]) => !this.#dead.has(by))
    await Promise.all(live.map(([promise]) => promise))
  }

  /** What was taken by processes that live: one that died as it took a value cannot tell, and may have it given again. */
  get takenByLiving(): number[] {
    return this.taken.filter(({ by }) => !this.#dead.has(by)).map(({ value }) => value)
  }

  #put(by: number): void {
    if (this.#dead.has(by)) return
    const value = ++this.#lastValue
    const done = this.#cluster
      .peer(by)
      .values.put(this.#at, value, { signal: this.#signal() })
      .then(
        () => void this.put.add(value),
        () => void this.refused.add(value),
      )
    this.#waiting.set(done, by)
  }

  #take(by: number): void {
    if (this.#dead.has(by)) return
    const done = this.#cluster
      .peer(by)
      .values.take(this.#at, { signal: this.#signal() })
      .then(
        (value) => void this.taken.push({ value: Number(value), by }),
        () => {},
      )
    this.#waiting.set(done, by)
  }

  #signal(): AbortSignal {
    const controller = new AbortController()
    this.#controllers.push(controller)
    return controller.signal
  }
}

test('RemoteChannel loses nothing and gives nothing twice, whoever puts, takes, gives up or dies', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(0, 1, 3),
      fc.constantFrom(1, 2),
      fc.array(step, { minLength: 5, maxLength: 40 }),
      async (capacity, on, steps) => {
        await using cluster = new InMemoryCluster(3)
        const channel = RemoteChannel.createOver<number>(cluster.manager, { on, capacity })
        const use = new ChannelUse(cluster, channel)
        for (const each of steps) await use.do(each)

        await settled()
        await channel.close()
        const drained: number[] = []
        for await (const value of channel) drained.push(value)
        await use.allSettled()

        const known = [...use.takenByLiving, ...drained]
        expect(new Set(known).size).toBe(known.length)
        const taken = [...use.taken.map(({ value }) => value), ...drained]
        for (const value of use.put) expect(taken).toContain(value)
        for (const value of use.refused) expect(taken).not.toContain(value)
        await expect(channel.take()).rejects.toBeInstanceOf(ChannelClosedError)
        channel.release()
        await settled()
        const { pending: _, ...left } = cluster.left
        expect(left).toEqual({ kept: 0, held: 0, references: 0, relayed: 0 })
        expect(nothingLeft).toMatchObject(left)
      },
    ),
    { numRuns: 300, interruptAfterTimeLimit: 15_000 },
  )
})
