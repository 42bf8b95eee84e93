/** Futures: fetched once, kept, set by anybody, passed on, and what is left when their owner is gone. */

import { setTimeout as sleep } from 'node:timers/promises'
import { Future, myid, remoteCall, remoteCallFetch } from '@dialback/manager'
import { expect, test } from 'vitest'
import { attemptOf, attemptsOf } from './fixtures/attempts.ts'
import { errorOf, group, type Place, range } from './place.ts'

export function futureCases(place: Place): void {
  group(place, 'futures', (shared) => {
    test('remoteCall() gives one at once, which has its owner', async () => {
      const future = shared.cluster.remoteCall((n: number) => n ** 2, 2, 12)
      expect([future.owner, await future.fetch()]).toEqual([2, 144])
    })

    test('it is not thenable', async () => {
      const future = shared.cluster.remoteCall(() => 1, 2)
      expect(await future).toBe(future)
      expect(Reflect.get(future, 'then')).toBeUndefined()
      await future.fetch()
    })

    test('fetch() gives the same value to all that ask', async () => {
      const future = shared.cluster.remoteCall(() => ({ n: 1 }), 2)
      const [first, ...others] = await Promise.all(range(20).map(async () => await future.fetch()))
      expect(first).toEqual({ n: 1 })
      expect(others.every((other) => other === first)).toBe(true)
    })

    test('the call runs once, however often it is fetched', async () => {
      const key = crypto.randomUUID()
      const future = shared.cluster.remoteCall(
        async (k: string) => await remoteCallFetch(attemptOf, 1, k),
        2,
        key,
      )
      await Promise.all([future.fetch(), future.wait(), future.fetch()])
      expect(attemptsOf(key)).toBe(1)
    })

    test('wait() waits until it is made and gives the future', async () => {
      const future = shared.cluster.remoteCall(() => sleep(30, 'made'), 2)
      expect(await future.wait()).toBe(future)
      expect([await future.isReady(), await future.fetch()]).toEqual([true, 'made'])
    })

    test('isReady() is false until then', async () => {
      const { cluster } = shared
      const key = crypto.randomUUID()
      const waitFor = async (k: string): Promise<string> => {
        while (Reflect.get(globalThis, k) !== true) await sleep(1)
        return 'made'
      }
      const future = cluster.remoteCall(waitFor, 2, key)
      expect(await future.isReady()).toBe(false)
      await cluster.remoteCallFetch((k: string) => Reflect.set(globalThis, k, true), 2, key)
      await future.wait()
      expect([await future.isReady(), await future.fetch()]).toEqual([true, 'made'])
    })

    test('a failure is kept too, and is the same each time', async () => {
      const fail = (): never => {
        throw new RangeError('no')
      }
      const future = shared.cluster.remoteCall(fail, 2)
      const [first, second] = [await errorOf(future.fetch()), await errorOf(future.fetch())]
      expect([first.message, first === second]).toEqual(['On worker 2: RangeError: no', true])
      expect((await errorOf(future.wait())).message).toBe('On worker 2: RangeError: no')
      expect(await future.isReady()).toBe(true)
    })

    test('a failure that nobody fetches is no unhandled rejection', async () => {
      const heard: unknown[] = []
      const hear = (error: unknown): void => void heard.push(error)
      process.on('unhandledRejection', hear)
      const fail = (): never => {
        throw new RangeError('nobody asks')
      }
      shared.cluster.remoteCall(fail, 2)
      shared.cluster.remoteCall(fail, 9_999)
      await shared.cluster.remoteCallFetch(() => sleep(20), 2)
      process.off('unhandledRejection', hear)
      expect(heard).toEqual([])
    })

    test.each([[undefined], [null], [Number.NaN], [[]], ['']])('%o is a value', async (value) => {
      const future = shared.cluster.remoteCall((given: unknown) => given, 2, value)
      expect(await future.fetch()).toEqual(value)
    })

    test('what was fetched needs no owner any more', async () => {
      const [late = 0] = await shared.add(1)
      const future = shared.cluster.remoteCall(() => 'kept', late)
      await future.fetch()
      await shared.cluster.rmProcs(late)
      expect([await future.fetch(), await future.isReady()]).toEqual(['kept', true])
    })

    test('what was not fetched is gone with its owner, and what waits for it rejects', async () => {
      const [late = 0] = await shared.add(1)
      const made = await shared.cluster.remoteCallWait(() => 'lost', late)
      const running = shared.cluster.remoteCall(() => new Promise(() => {}), late)
      const waiting = [errorOf(running.fetch()), errorOf(running.wait())]
      await shared.cluster.rmProcs(late)
      for (const error of [...(await Promise.all(waiting)), await errorOf(made.fetch())])
        expect(error).toMatchObject({ name: 'WorkerTerminatedError', workerId: late })
    })

    test('passed to a worker it is the same value there, whoever owns it', async () => {
      const { cluster } = shared
      const read = async (future: Future<string>): Promise<string> => `${await future.fetch()} at ${myid()}`
      for (const owner of [1, 2, 3]) {
        const future = cluster.remoteCall(() => sleep(10, 'made'), owner)
        expect(await cluster.remoteCallFetch(read, 2, future)).toBe('made at 2')
        expect(await cluster.remoteCallFetch(read, 3, future)).toBe('made at 3')
        expect(await future.fetch()).toBe('made')
      }
    })

    test('passed on before it is made, from worker to worker', async () => {
      const pass = async (future: Future<string>): Promise<string> =>
        await remoteCallFetch(async (given: Future<string>) => await given.fetch(), 3, future)
      expect(
        await shared.cluster.remoteCallFetch(
          pass,
          2,
          shared.cluster.remoteCall(() => sleep(50, 'late'), 2),
        ),
      ).toBe('late')
    })

    test('a worker gives one to the manager', async () => {
      const future = await shared.cluster.remoteCallFetch(() => remoteCall(() => 'of three', 3), 2)
      expect([future.owner, await future.fetch()]).toEqual([3, 'of three'])
    })

    test('one that failed rejects elsewhere with what the call threw', async () => {
      const fail = (): never => {
        throw new RangeError('no')
      }
      const read = async (future: Future<never>): Promise<string> =>
        await future.fetch().then(String, (error: Error) => error.message)
      expect(await shared.cluster.remoteCallFetch(read, 3, shared.cluster.remoteCall(fail, 2))).toContain(
        'RangeError: no',
      )
    })

    test('release() lets go, and what was fetched stays', async () => {
      const future = shared.cluster.remoteCall(() => 'value', 2)
      await future.fetch()
      future.release()
      future.release()
      expect(await future.fetch()).toBe('value')
    })

    test('one without a value gets it from put(), from any process', async () => {
      const { cluster } = shared
      const future = await cluster.remoteCallFetch(() => new Future<string>(), 2)
      expect(await future.isReady()).toBe(false)
      const reading = cluster.remoteCallFetch(async (given: Future<string>) => await given.fetch(), 3, future)
      await cluster.remoteCallFetch(async (given: Future<string>) => void (await given.put('set')), 3, future)
      expect([await reading, await future.fetch()]).toEqual(['set', 'set'])
    })

    test('of many that put at once one is right, and all others hear of it', async () => {
      const { cluster } = shared
      const future = await cluster.remoteCallFetch(() => new Future<number>(), 2)
      const put = async (given: Future<number>, n: number): Promise<string> =>
        await given.put(n).then(
          () => 'put',
          (error: Error) => error.message,
        )
      const outcomes = await Promise.all(
        range(30).map(async (n) => await cluster.remoteCallFetch(put, 1 + (n % 3), future, n)),
      )
      expect(outcomes.filter((outcome) => outcome === 'put')).toHaveLength(1)
      expect(new Set(outcomes)).toEqual(new Set(['put', 'Future can be set only once']))
      expect(outcomes[await future.fetch()]).toBe('put')
    })

    test('that of a call cannot be put', async () => {
      const future = shared.cluster.remoteCall(() => 'of the call', 2)
      expect((await errorOf(future.put('other'))).name).toBe('FutureSetError')
      expect(await future.fetch()).toBe('of the call')
    })
  })
}
