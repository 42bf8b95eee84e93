/** imap and preduce. */

import { setTimeout as sleep } from 'node:timers/promises'
import { callSignal, imap, myid, preduce, remoteCallFetch, WorkerPool } from '@dialback/manager'
import { expect, test } from 'vitest'
import { attemptOf, attemptsOf, listen, tell, whenTold } from './fixtures/attempts.ts'
import { errorOf, group, type Place, range } from './place.ts'

export function imapAndPreduceCases(place: Place): void {
  group(place, 'imap', (shared) => {
    test.each([1, 3, 'auto'] as const)(
      'batchSize %s: results come in the order of the input',
      async (batchSize) => {
        const values: number[] = []
        const work = async (n: number): Promise<number> => await sleep((n * 5) % 7, n)
        for await (const value of shared.cluster.imap(work, range(40), { batchSize })) values.push(value)
        expect(values).toEqual(range(40))
      },
    )

    test('ordered: false gives each as it is done', async () => {
      const key = crypto.randomUUID()
      const work = async (n: number): Promise<number> => {
        // The first waits until the second has been fetched here.
        if (n === 0) await remoteCallFetch(attemptOf, 1, key)
        while (n === 0 && (await remoteCallFetch(attemptsOf, 1, `${key} fetched`)) === 0) await sleep(5)
        return n
      }
      const values: number[] = []
      for await (const value of shared.cluster.imap(work, [0, 1], { ordered: false })) {
        values.push(value)
        attemptOf(`${key} fetched`)
      }
      expect(values).toEqual([1, 0])
    })

    test('nothing starts before the first result is asked for', async () => {
      let pulled = 0
      const items = function* (): Generator<number> {
        pulled += 1
        yield 1
      }
      const results = shared.cluster.imap((n: number) => n, items())
      await shared.cluster.remoteCallFetch(() => 0, 2)
      expect(pulled).toBe(0)
      expect(await Array.fromAsync(results)).toEqual([1])
    })

    test('a slow reader holds up the input', async () => {
      let pulled = 0
      const items = function* (): Generator<number> {
        for (; pulled < 1_000; pulled++) yield pulled
      }
      let most = 0
      let fetched = 0
      for await (const _ of shared.cluster.imap((n: number) => n, items())) {
        fetched += 1
        most = Math.max(most, pulled - fetched)
        if (fetched % 50 === 0) await shared.cluster.remoteCallFetch(() => sleep(5), 2)
      }
      expect(fetched).toBe(1_000)
      expect(most).toBeLessThanOrEqual(6)
    })

    test('leaving the loop closes the input once and cancels what runs', async () => {
      const key = crypto.randomUUID()
      const aborted = Promise.withResolvers<unknown>()
      listen(key, (_, what) => aborted.resolve(what))
      let returned = 0
      const items = (function* (): Generator<number> {
        try {
          yield* range(100)
        } finally {
          returned += 1
        }
      })()
      for await (const value of shared.cluster.imap(
        async (n: number) => await waitUnlessFirst(key, n),
        items,
      )) {
        expect(value).toBe(0)
        break
      }
      expect(await aborted.promise).toMatch(/AbortError: Stopped: imap was closed/)
      expect(returned).toBe(1)
    })

    test('results that are ready come first, then the error', async () => {
      const pool = new WorkerPool([2], shared.cluster.peer)
      const values: number[] = []
      const fail = (n: number): number => {
        if (n === 3) throw new RangeError('three')
        return n
      }
      const read = async (): Promise<void> => {
        for await (const value of shared.cluster.imap(fail, range(10), { pool })) values.push(value)
      }
      expect((await errorOf(read())).message).toMatch(/RangeError: three$/)
      expect(values).toEqual([0, 1, 2])
    })

    test('a signal ends it', async () => {
      const controller = new AbortController()
      const read = async (): Promise<void> => {
        for await (const _ of shared.cluster.imap((n: number) => n, range(1_000), {
          signal: controller.signal,
        }))
          controller.abort(new SyntaxError('enough'))
      }
      expect((await errorOf(read())).message).toBe('enough')
    })

    test('imap on a worker', async () => {
      const values = await shared.cluster.remoteCallFetch(
        async () => await Array.fromAsync(imap((n: number) => n + 1, [1, 2, 3])),
        3,
      )
      expect(values).toEqual([2, 3, 4])
    })
  })

  group(place, 'preduce', (shared) => {
    test('the order of the input is kept where the reducer cares', async () => {
      const joined = await shared.cluster.preduce(
        (n: number) => `${n}`,
        (a, b) => `${a},${b}`,
        range(23),
      )
      expect(joined).toBe(range(23).join(','))
    })

    test.each([1, 2, 5])('of %d items', async (count) => {
      expect(
        await shared.cluster.preduce(
          (n: number) => n + 1,
          (a, b) => a + b,
          range(count),
        ),
      ).toBe((count * (count + 1)) / 2)
    })

    test('one item is not reduced', async () => {
      expect(
        await shared.cluster.preduce(
          (n: number) => [n],
          () => process.exit(1),
          [7],
        ),
      ).toEqual([7])
    })

    test('of nothing it is a TypeError', async () => {
      const error = await errorOf(
        shared.cluster.preduce(
          (n: number) => n,
          (a, b) => a + b,
          [],
        ),
      )
      expect(String(error)).toBe('TypeError: Reduce of empty input with no initial value')
    })

    test('async inputs, functions and reducers', async () => {
      const items = async function* (): AsyncGenerator<number> {
        yield* range(10)
      }
      const sum = shared.cluster.preduce(
        async (n: number) => await sleep(1, n),
        async (a, b) => await sleep(1, a + b),
        items(),
      )
      expect(await sum).toBe(45)
    })

    test('retryDelays run a failed item alone, and its value keeps its place', async () => {
      const key = crypto.randomUUID()
      const once = async (n: number): Promise<string> => {
        if (n === 4 && (await remoteCallFetch(attemptOf, 1, `${key} ${n}`)) === 1)
          throw new RangeError('once')
        return `${n}`
      }
      const joined = await shared.cluster.preduce(once, (a, b) => a + b, range(9), { retryDelays: [0] })
      expect([joined, attemptsOf(`${key} 4`)]).toEqual(['012345678', 2])
    })

    test('onError gives a value in the place of one that could not be had', async () => {
      const fail = (n: number): string => {
        if (n === 4) throw new RangeError('no')
        return `${n}`
      }
      expect(await shared.cluster.preduce(fail, (a, b) => a + b, range(9), { onError: () => 'x' })).toBe(
        '0123x5678',
      )
    })

    test('what the reducer throws is the end', async () => {
      const error = await errorOf(
        shared.cluster.preduce(
          (n: number) => n,
          () => {
            throw new RangeError('of the reducer')
          },
          range(9),
          { retryDelays: [0], onError: () => 0 },
        ),
      )
      expect(error.message).toMatch(/^On worker \d: RangeError: of the reducer$/)
    })

    test('a chunk whose worker was removed runs again as it was', async () => {
      const [late = 0] = await shared.add(1)
      const key = crypto.randomUUID()
      listen(key, () => void shared.cluster.rmProcs(late))
      const joined = await shared.cluster.preduce(
        async (n: number) => await stayOnce(key, late, n),
        (a, b) => `${a}${b}`,
        range(9),
      )
      expect(joined).toBe('012345678')
    })

    test('preduce on a worker', async () => {
      const sum = async (): Promise<number> =>
        await preduce(
          (n: number) => n * n,
          (a, b) => a + b,
          [1, 2, 3],
        )
      expect(await shared.cluster.remoteCallFetch(sum, 2)).toBe(14)
    })
  })
}

async function waitUnlessFirst(key: string, n: number): Promise<number> {
  const begun = `${key} begun`
  if (n === 0) {
    // The loop is left once another runs: one that has not begun by then never does.
    await remoteCallFetch(whenTold, 1, begun)
    return n
  }
  const signal = callSignal()
  const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  await remoteCallFetch(tell, 1, begun, myid())
  await aborted
  await remoteCallFetch(tell, 1, key, myid(), String(signal.reason))
  return n
}

/** The worker that is to go asks for it and waits. */
async function stayOnce(key: string, leaving: number, n: number): Promise<string> {
  if (myid() !== leaving) return `${n}`
  void remoteCallFetch(tell, 1, key, leaving)
  return await new Promise(() => {})
}
