/** What pmap reads of its input and when, and that it is closed. */

import { setTimeout as sleep } from 'node:timers/promises'
import { myid, pmap, remoteCallFetch, WorkerPool } from '@dialback/manager'
import { expect, test } from 'vitest'
import { listen, tell, whenTold } from './fixtures/attempts.ts'
import { errorOf, group, type Place, range } from './place.ts'

export function pmapInputCases(place: Place): void {
  group(place, 'pmap and its input', (shared) => {
    test.each([
      ['an array', () => [1, 2, 3]],
      ['a Set', () => new Set([1, 2, 3])],
      ['a typed array', () => Uint8Array.of(1, 2, 3)],
      ['a generator', () => [1, 2, 3].values()],
      ['an async generator', () => asyncOf([1, 2, 3])],
      ['a string', () => '123'],
      [
        'a Map',
        () =>
          new Map([
            [1, 1],
            [2, 2],
            [3, 3],
          ]).keys(),
      ],
    ])('pmap reads %s', async (_, items) => {
      const given = items() as Iterable<number>
      expect(await shared.cluster.pmap((n: number) => Number(n) * 2, given)).toEqual([2, 4, 6])
    })

    test.each([1, 5, 'auto'] as const)(
      'batchSize %s: results are in the order of the input',
      async (batchSize) => {
        const values = await shared.cluster.pmap(
          async (n: number, index: number) => {
            await sleep((7 * n) % 11)
            return [n, index]
          },
          range(60),
          { batchSize },
        )
        expect(values).toEqual(range(60).map((n) => [n, n]))
      },
    )

    test('pmap of nothing gives nothing and calls nothing', async () => {
      const { cluster } = shared
      expect(await cluster.pmap(() => process.exit(1), [])).toEqual([])
      expect(await cluster.pmap(() => process.exit(1), asyncOf([]))).toEqual([])
    })

    test('undefined, null and NaN are results like any other', async () => {
      const odd = await shared.cluster.pmap((n: number) => [undefined, null, Number.NaN, -0][n], range(4))
      expect(odd).toEqual([undefined, null, Number.NaN, -0])
    })

    test.each([1, 4])(
      'batchSize %d: a lazy input is read no further than what runs and one batch',
      async (batchSize) => {
        const { cluster, two } = shared
        const input = new Watched(40)
        const most: number[] = []
        let finished = 0
        const key = crypto.randomUUID()
        listen(key, () => {
          finished += 1
          most.push(input.pulled - finished)
        })
        await cluster.pmap(async (n: number) => await slowly(key, n), input, {
          batchSize,
          pool: new WorkerPool(two, cluster.peer),
        })
        // One more than those that have not told yet: the one that tells is still running.
        expect(Math.max(...most)).toBeLessThanOrEqual(two.length * batchSize + batchSize)
        expect(input.returned).toBe(0)
      },
    )

    test.each([1, 4])(
      'batchSize %d: after a failure nothing starts, and the input is closed once',
      async (batchSize) => {
        const { cluster } = shared
        const input = new Watched(1_000)
        const started: unknown[] = []
        const key = crypto.randomUUID()
        listen(key, (_, n) => started.push(n))
        const error = await errorOf(
          cluster.pmap(async (n: number) => await failAt(key, n, 8, batchSize), input, { batchSize }),
        )
        const pulled = input.pulled
        const startedThen = started.length
        await Promise.all([2, 3].map(async (id) => await cluster.remoteCallFetch(() => sleep(50), id)))
        expect(error.message).toMatch(/^On worker [23]: RangeError: item 8$/)
        expect([input.returned, input.pulled]).toEqual([1, pulled])
        // What the workers had already begun may still have been on its way here.
        expect(started.length - startedThen).toBeLessThanOrEqual(2 * batchSize)
        expect(pulled).toBeLessThan(100)
      },
    )

    test('an input that throws makes pmap reject with what it threw', async () => {
      const broken = function* (): Generator<number> {
        yield 1
        throw new SyntaxError('of the input')
      }
      expect(String(await errorOf(shared.cluster.pmap((n: number) => n, broken())))).toBe(
        'SyntaxError: of the input',
      )
    })

    test('an async input that rejects makes pmap reject with that', async () => {
      const broken = async function* (): AsyncGenerator<number> {
        yield 1
        throw new SyntaxError('of the input')
      }
      expect(String(await errorOf(shared.cluster.pmap((n: number) => n, broken())))).toBe(
        'SyntaxError: of the input',
      )
    })

    test('a slow async input is used as it comes', async () => {
      const key = crypto.randomUUID()
      const items = async function* (): AsyncGenerator<number> {
        yield 0
        await whenTold(`${key} 0`)
        yield 1
        await whenTold(`${key} 1`)
      }
      const mapped = shared.cluster.pmap(async (n: number) => await report(`${key} ${n}`, n), items())
      expect(await mapped).toEqual([0, 1])
    })

    test('thousands of items in flight leave nothing behind', async () => {
      const { cluster } = shared
      const values = await Promise.all(
        range(5).map(
          async (k) =>
            await cluster.pmap((n: number) => n, range(4_000), { batchSize: 'auto' }).then((all) => all[k]),
        ),
      )
      expect(values).toEqual(range(5))
      expect(cluster.peer.pendingCount).toBe(0)
    })

    test('pmap within pmap, three deep', async () => {
      const cube = async (n: number): Promise<number> =>
        (await pmap(async (m: number) => (await pmap((k: number) => k + m, [n, n])).length, [n, n])).reduce(
          (a, b) => a + b,
        )
      expect(await shared.cluster.pmap(cube, range(6))).toEqual(range(6).map(() => 4))
    })

    test('pmap on a worker uses all workers, itself included', async () => {
      const ids = await shared.cluster.remoteCallFetch(
        async () =>
          await pmap(async (n: number) => await sleep(20, n).then(() => myid()), [0, 1, 2, 3, 4, 5]),
        2,
      )
      expect(new Set(ids)).toEqual(new Set([2, 3]))
    })

    test('what the function captured is sent to each worker once per pmap, as it was when it began', async () => {
      let factor = 2
      const mapping = shared.cluster.pmap((n: number) => n * factor, range(20))
      factor = 3
      expect(await mapping).toEqual(range(20).map((n) => 2 * n))
    })

    test('a function that cannot travel is refused before the input is read', async () => {
      const input = new Watched(10)
      const socket = Symbol('no')
      const error = await errorOf(shared.cluster.pmap(() => String(socket), input))
      expect([error.name, input.pulled]).toEqual(['SerializationError', 0])
    })

    test('an item that cannot travel fails alone', async () => {
      const values = await shared.cluster.pmap((value: unknown) => typeof value, [1, Symbol('no'), 'x'], {
        batchSize: 3,
        onError: (error, _item, index) => `${error.name} ${index}`,
      })
      expect(values).toEqual(['number', 'SerializationError 1', 'string'])
    })

    test('a result that cannot travel fails alone', async () => {
      const values = await shared.cluster.pmap<number, unknown>(
        (n) => (n === 1 ? Symbol('no') : n),
        range(3),
        {
          batchSize: 3,
          onError: (error, _item, index) => `${error.name} ${index}`,
        },
      )
      expect(values).toEqual([0, 'SerializationError 1', 2])
    })
  })
}

/** Counts what is read of it, and how often it is closed. */
class Watched implements IterableIterator<number> {
  pulled = 0
  returned = 0
  readonly #count: number

  constructor(count: number) {
    this.#count = count
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<number> {
    if (this.pulled === this.#count) return { done: true, value: undefined }
    return { done: false, value: this.pulled++ }
  }

  return(): IteratorResult<number> {
    this.returned += 1
    return { done: true, value: undefined }
  }
}

async function* asyncOf<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item)
}

async function slowly(key: string, n: number): Promise<number> {
  await sleep(25)
  return await report(key, n)
}

async function report(key: string, n: number): Promise<number> {
  await remoteCallFetch(tell, 1, key, 0, n)
  return n
}

/** What comes after the batch of the one that fails waits: else the other worker goes on until that is told of. */
async function failAt(key: string, n: number, failing: number, batchSize: number): Promise<number> {
  await report(key, n)
  if (n === failing) throw new RangeError(`item ${n}`)
  return n < failing + batchSize ? n : await new Promise(() => {})
}
