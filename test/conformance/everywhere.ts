/** everywhere(): where it runs, in which order, and who hears of it later. */

import { writeSync } from 'node:fs'
import { everywhere, myid, remoteCallFetch } from '@dialback/manager'
import { expect, test } from 'vitest'
import { listen, tell } from './fixtures/attempts.ts'
import { errorOf, group, type Place, range, startPlaced } from './place.ts'

export function everywhereCases(place: Place): void {
  group(place, 'everywhere', (shared) => {
    const nowhereLater = { replay: false } as const
    const readThere = async (name: string, ids: readonly number[] = [1, 2, 3]): Promise<unknown[]> =>
      await Promise.all(
        ids.map(
          async (id) =>
            await shared.cluster.remoteCallFetch(
              (key: string) => Reflect.get(globalThis, key) as unknown,
              id,
              name,
            ),
        ),
      )

    test('runs the function once on every process, the manager last', async () => {
      const key = crypto.randomUUID()
      const order: number[] = []
      listen(key, (id) => order.push(id))
      await shared.cluster.everywhere(async () => await remoteCallFetch(tell, 1, key, myid()), nowhereLater)
      expect(order.toSorted()).toEqual([1, 2, 3])
      expect(order.at(-1)).toBe(1)
    })

    test('defines data, functions and classes', async () => {
      class Point {
        readonly x: number
        constructor(x: number) {
          this.x = x
        }
      }
      const twice = (n: number): number => 2 * n
      await shared.cluster.everywhere({ confScale: 3, confTwice: twice, ConfPoint: Point }, nowhereLater)
      const use = (): unknown[] => {
        const given = globalThis as unknown as {
          confScale: number
          confTwice: typeof twice
          ConfPoint: typeof Point
        }
        return [given.confScale, given.confTwice(4), new given.ConfPoint(5).x]
      }
      for (const id of shared.cluster.procs())
        expect(await shared.cluster.remoteCallFetch(use, id)).toEqual([3, 8, 5])
    })

    test('takes a subset of the processes', async () => {
      await shared.cluster.everywhere({ confSome: 1 }, { procs: [3] })
      expect(await readThere('confSome')).toEqual([undefined, undefined, 1])
    })

    test('an empty subset does nothing', async () => {
      await shared.cluster.everywhere(() => process.exit(1), { procs: [] })
      expect(shared.cluster.workers()).toEqual([2, 3])
    })

    test('a duplicate runs twice', async () => {
      const add = (): void =>
        void Reflect.set(globalThis, 'confCount', Number(Reflect.get(globalThis, 'confCount') ?? 0) + 1)
      await shared.cluster.everywhere(add, { procs: [2, 1, 2, 1, 1] })
      expect(await readThere('confCount')).toEqual([3, 2, undefined])
    })

    test('workers that join later replay it in order, before their first call', async () => {
      await using started = await startPlaced(place, 0)
      const { cluster, env } = started
      await cluster.everywhere({ confLog: [0] })
      for (const n of [1, 2, 3])
        await cluster.everywhere(() => void (Reflect.get(globalThis, 'confLog') as number[]).push(n))
      await cluster.addProcs(place.makeManager(1, { env }))
      expect(await cluster.remoteCallFetch(() => Reflect.get(globalThis, 'confLog') as number[], 2)).toEqual([
        0, 1, 2, 3,
      ])
    })

    test('what is replayed is as it was when it was defined', async () => {
      await using started = await startPlaced(place, 0)
      const { cluster, env } = started
      const data = { n: 1 }
      await cluster.everywhere({ confData: data })
      data.n = 2
      await cluster.addProcs(place.makeManager(1, { env }))
      expect(await cluster.remoteCallFetch(() => Reflect.get(globalThis, 'confData') as unknown, 2)).toEqual({
        n: 1,
      })
    })

    test('of what was defined again later only the last is replayed, and functions in between see what they saw', async () => {
      await using started = await startPlaced(place, 0)
      const { cluster, env } = started
      for (const n of range(50)) await cluster.everywhere({ confTurn: n })
      await cluster.everywhere(
        () => void Reflect.set(globalThis, 'confSeen', Reflect.get(globalThis, 'confTurn')),
      )
      for (const n of range(50)) await cluster.everywhere({ confTurn: -n })
      await cluster.addProcs(place.makeManager(1, { env }))
      const read = (): unknown[] => [Reflect.get(globalThis, 'confSeen'), Reflect.get(globalThis, 'confTurn')]
      expect(await cluster.remoteCallFetch(read, 2)).toEqual([49, -49])
    })

    test('a thread that had to be replaced replays it before its next call', async () => {
      await using started = await startPlaced(place, 1)
      const { cluster } = started
      await cluster.everywhere({ confFirst: 1 })
      await cluster.everywhere(
        () => void Reflect.set(globalThis, 'confSecond', Number(Reflect.get(globalThis, 'confFirst')) + 1),
      )
      const spinning = errorOf(cluster.remoteCallFetch(spin, 2))
      await started.logged('everywhere spins')
      await cluster.interrupt(2)
      expect((await spinning).message).toBe('On worker 2: AbortError: Interrupted')
      const read = (): unknown[] => [
        Reflect.get(globalThis, 'confFirst'),
        Reflect.get(globalThis, 'confSecond'),
      ]
      expect(await cluster.remoteCallFetch(read, 2)).toEqual([1, 2])
    })

    test('replay: false and a subset are not replayed', async () => {
      const [late = 0] = await shared.add(1)
      expect(await readThere('confScale', [late])).toEqual([undefined])
      expect(await readThere('confSome', [late])).toEqual([undefined])
    })

    test('all are attempted, and the failures come together in the order of the ids', async () => {
      const fail = (): void => {
        Reflect.set(globalThis, 'confTried', true)
        throw new RangeError(`of ${myid()}`)
      }
      const error = await errorOf(shared.cluster.everywhere(fail, { ...nowhereLater, procs: [3, 1, 2] }))
      expect(error).toBeInstanceOf(AggregateError)
      expect((error as AggregateError).errors.map(String)).toEqual(
        [1, 2, 3].map((id) => `RemoteError: On worker ${id}: RangeError: of ${id}`),
      )
      expect(await readThere('confTried')).toEqual([true, true, true])
    })

    test('one failure is an AggregateError too', async () => {
      const error = await errorOf(
        shared.cluster.everywhere(() => {
          if (myid() === 3) throw new RangeError('three')
        }, nowhereLater),
      )
      expect((error as AggregateError).errors.map(String)).toEqual([
        'RemoteError: On worker 3: RangeError: three',
      ])
    })

    test('dead and unknown ids fail for themselves', async () => {
      const [late = 0] = await shared.add(1)
      await shared.cluster.rmProcs(late)
      const error = await errorOf(shared.cluster.everywhere({ confHere: 1 }, { procs: [2, 9_999, late] }))
      const errors = (error as AggregateError).errors as Error[]
      expect(errors).toHaveLength(2)
      expect(errors[0]).toMatchObject({ name: 'WorkerTerminatedError', workerId: late })
      expect(errors[1]?.message).toContain('9999')
      expect(await readThere('confHere')).toEqual([undefined, 1, undefined])
    })

    test('what cannot travel is refused before anything runs', async () => {
      const no = Symbol('no')
      const error = await errorOf(
        shared.cluster.everywhere(() => void Reflect.set(globalThis, 'confNo', no), nowhereLater),
      )
      expect(error.name).toBe('SerializationError')
      expect(await readThere('confNo')).toEqual([undefined, undefined, undefined])
    })

    test('everywhere() on a worker reaches all processes', async () => {
      const define = async (): Promise<void> =>
        await everywhere({ confFromWorker: myid() }, { replay: false })
      await shared.cluster.remoteCallFetch(define, 2)
      expect(await readThere('confFromWorker')).toEqual([2, 2, 2])
    })

    test('concurrent calls happen in the same order on every process', async () => {
      const key = crypto.randomUUID()
      const seen = new Map<number, number[]>()
      listen(key, (id, n) => seen.set(id, [...(seen.get(id) ?? []), Number(n)]))
      await shared.cluster.everywhere({ confKey: key }, nowhereLater)
      await Promise.all(
        range(10).map(
          async (n) =>
            await shared.cluster.everywhere(async () => await tellHere(n), { replay: false, procs: [2, 3] }),
        ),
      )
      expect([seen.get(2), seen.get(3)]).toEqual([range(10), range(10)])
    })

    test.each([[5], ['code'], [null], [undefined]])(
      'everywhere(%j) is refused with the value',
      async (what) => {
        // The cast: users of JavaScript can pass anything.
        const error = await errorOf(shared.cluster.everywhere(what as unknown as () => void))
        expect(error).toBeInstanceOf(TypeError)
        expect(error.message).toContain(String(what))
      },
    )
  })
}

async function tellHere(n: number): Promise<void> {
  await remoteCallFetch(tell, 1, String(Reflect.get(globalThis, 'confKey')), myid(), n)
}

function spin(): void {
  writeSync(2, 'everywhere spins\n')
  for (;;);
}
