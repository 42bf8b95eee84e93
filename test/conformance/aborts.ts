/** Signals and interrupts: what is stopped, what goes on, and that both say so. */

import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { AbortError, callSignal, myid, remoteCallFetch, WorkerPool } from '@dialback/manager'
import { expect, test } from 'vitest'
import { listen, tell, whenTold } from './fixtures/attempts.ts'
import { errorOf, group, type Place, range } from './place.ts'

export function abortCases(place: Place): void {
  group(place, 'aborts and interrupts', (shared) => {
    test.each([1, 4])(
      'batchSize %d: a signal rejects pmap with its reason and fires callSignal() there',
      async (batchSize) => {
        const { cluster } = shared
        const key = crypto.randomUUID()
        const heard = Promise.withResolvers<unknown>()
        const controller = new AbortController()
        const reason = new SyntaxError('enough')
        listen(key, (_, what) => {
          if (what === 'runs') controller.abort(reason)
          else heard.resolve(what)
        })
        const error = await errorOf(
          cluster.pmap(async () => await untilAborted(key), range(8), {
            batchSize,
            signal: controller.signal,
          }),
        )
        expect(error).toBe(reason)
        expect(await heard.promise).toBe('SyntaxError: enough')
      },
    )

    test('a signal that has fired already rejects, and nothing is read or run', async () => {
      let pulled = 0
      const items = function* (): Generator<number> {
        pulled += 1
        yield 1
      }
      const signal = AbortSignal.abort(new SyntaxError('before'))
      expect((await errorOf(shared.cluster.pmap(() => process.exit(1), items(), { signal }))).message).toBe(
        'before',
      )
      expect(pulled).toBe(0)
    })

    test('a signal stops a busy loop too, and the worker stays', async () => {
      const { cluster, started } = shared
      const controller = new AbortController()
      const text = `spins ${crypto.randomUUID()}`
      const mapping = errorOf(
        cluster.pmap(() => spin(text), [0], {
          signal: controller.signal,
          pool: new WorkerPool([2], cluster.peer),
        }),
      )
      await started.logged(text)
      controller.abort(new SyntaxError('enough'))
      expect((await mapping).message).toBe('enough')
      // What is called before the thread has been replaced is interrupted with it.
      const idOf = async (): Promise<number> => await cluster.remoteCallFetch(() => myid(), 2).catch(() => 0)
      await expect.poll(idOf, { timeout: 10_000 }).toBe(2)
      expect(cluster.workers()).toEqual([2, 3])
    })

    test('an abort leaves other calls on the same worker alone', async () => {
      const { cluster } = shared
      const key = crypto.randomUUID()
      const controller = new AbortController()
      listen(key, () => controller.abort())
      const other = cluster.remoteCallFetch(() => sleep(300, 'unharmed'), 2)
      await errorOf(
        cluster.pmap(async () => await untilAborted(key), [0, 0], {
          signal: controller.signal,
          pool: new WorkerPool([2], cluster.peer),
        }),
      )
      expect(await other).toBe('unharmed')
    })

    test('an abort closes the input once', async () => {
      let returned = 0
      const controller = new AbortController()
      const items = {
        [Symbol.iterator]: () => ({
          next: () => ({ done: false, value: 1 }) as const,
          return: () => {
            returned += 1
            return { done: true, value: undefined } as const
          },
        }),
      }
      setTimeout(() => controller.abort(), 50)
      await errorOf(shared.cluster.pmap(() => sleep(10), items, { signal: controller.signal }))
      expect(returned).toBe(1)
    })

    test('the failure of one item cancels those that run', async () => {
      const { cluster } = shared
      const key = crypto.randomUUID()
      const heard = Promise.withResolvers<unknown>()
      listen(key, (_, what) => {
        if (what !== 'runs') heard.resolve(what)
      })
      const mapping = cluster.pmap(
        async (n: number) => (n === 0 ? await untilAborted(key) : await failOn(key)),
        [0, 1],
      )
      expect((await errorOf(mapping)).message).toMatch(/RangeError: fails$/)
      expect(await heard.promise).toMatch(/AbortError: Stopped: pmap has failed/)
    })

    test('AbortSignal.timeout() ends a pmap', async () => {
      const signal = AbortSignal.timeout(100)
      const error = await errorOf(shared.cluster.pmap(() => sleep(60_000), range(4), { signal }))
      expect(error.name).toBe('TimeoutError')
    })

    test('interrupt() of idle workers does nothing', async () => {
      const { cluster, started } = shared
      const before = started.log.length
      await cluster.remoteCallFetch(() => Reflect.set(globalThis, 'kept', 1), 2)
      await cluster.interrupt()
      expect(await cluster.remoteCallFetch(() => Reflect.get(globalThis, 'kept') as number, 2)).toBe(1)
      expect(started.log.slice(before)).toEqual([])
    })

    test('interrupt() rejects what waits there with a RemoteError whose cause is an AbortError', async () => {
      const { cluster } = shared
      const running = errorOf(cluster.remoteCallFetch(() => sleep(60_000), 2))
      await cluster.remoteCallFetch(() => 0, 2)
      await cluster.interrupt([2])
      const error = await running
      expect(error).toMatchObject({
        name: 'RemoteError',
        workerId: 2,
        message: 'On worker 2: AbortError: Interrupted',
      })
      expect(error.cause).toBeInstanceOf(AbortError)
    })

    test('interrupt() stops a busy loop, and leaves the other worker alone', async () => {
      const { cluster, started } = shared
      const text = `spins ${crypto.randomUUID()}`
      const other = cluster.remoteCallFetch(() => sleep(400, 'unharmed'), 3)
      const spinning = errorOf(cluster.remoteCallFetch(spin, 2, text))
      await started.logged(text)
      await cluster.interrupt(2)
      expect((await spinning).message).toBe('On worker 2: AbortError: Interrupted')
      expect([await other, await cluster.remoteCallFetch(() => 'again', 2)]).toEqual(['unharmed', 'again'])
    })

    test('interrupt() makes a pmap reject like any other failure', async () => {
      const { cluster } = shared
      const key = crypto.randomUUID()
      const interrupts: Promise<void>[] = []
      listen(key, (_, what) => {
        // Once, and waited for: another one, or a late one, would stop what the next case runs.
        if (what === 'runs' && interrupts.length === 0) interrupts.push(cluster.interrupt())
      })
      const error = await errorOf(cluster.pmap(async () => await untilAborted(key), [0, 1, 2]))
      await Promise.all(interrupts)
      expect(error).toMatchObject({ name: 'RemoteError', cause: { name: 'AbortError' } })
    })

    test('interrupt() of 1, of ids that are gone and that never were does nothing', async () => {
      const [late = 0] = await shared.add(1)
      await shared.cluster.rmProcs(late)
      await shared.cluster.interrupt([1, late, 9_999])
      expect(shared.cluster.workers()).toEqual([2, 3])
    })

    test.each(['addProcs', 'rmProcs', 'interrupt'] as const)('%s() on a worker is refused', async (name) => {
      const refused = async (verb: string): Promise<string> => {
        const api: Record<string, unknown> = await import('@dialback/manager')
        const call = api[verb] as (what: number) => Promise<unknown>
        return await call(2).then(String, (error: Error) => error.message)
      }
      expect(await shared.cluster.remoteCallFetch(refused, 2, name)).toBe(
        'Only process 1 can add, remove and interrupt workers',
      )
    })
  })
}

/** Tells that it runs, waits until its call is aborted, and tells why. */
async function untilAborted(key: string): Promise<never> {
  const signal = callSignal()
  const aborted = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  )
  await remoteCallFetch(tell, 1, key, myid(), 'runs')
  await aborted
  await remoteCallFetch(tell, 1, key, myid(), String(signal.reason))
  throw signal.reason
}

/** Fails once the other item runs. */
async function failOn(key: string): Promise<never> {
  await remoteCallFetch(whenTold, 1, key)
  throw new RangeError('fails')
}

function spin(text: string): void {
  writeSync(2, `${text}\n`)
  for (;;);
}
