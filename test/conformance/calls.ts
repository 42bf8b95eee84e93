/** Calls between all processes: their order, their copies, their errors, however deep. */

import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { myid, type RemoteError, remoteCallFetch, remoteDo, SerializationError } from '@dialback/manager'
import { expect, test } from 'vitest'
import { attemptOf, attemptsOf, listen, tell } from './fixtures/attempts.ts'
import { fetchLarge, sendLarge } from './fixtures/large-bodies.ts'
import { errorOf, group, type Place, range } from './place.ts'

export function callCases(place: Place): void {
  group(place, 'calls between processes', (shared) => {
    test('a call runs on the process that it is for', async () => {
      for (const id of [1, 2, 3]) expect(await shared.cluster.remoteCallFetch(() => myid(), id)).toBe(id)
    })

    test.each([[[2, 3]], [[3, 2]], [[2, 1]], [[2, 2]], [[2, 3, 2, 3]], [[2, 1, 3, 1, 2]], [[1, 1, 2]]])(
      'a chain through %j and back',
      async (way) => {
        const [first = 1, ...rest] = way
        expect(await shared.cluster.remoteCallFetch(visit, first, rest)).toEqual(way)
      },
    )

    test('chains in both directions while every process is busy with calls', async () => {
      const { cluster } = shared
      const chains = range(40).map(
        async (n) => await cluster.remoteCallFetch(visit, 2 + (n % 2), [3 - (n % 2), 1, 2, 3]),
      )
      const all = await Promise.all(chains)
      expect(all.every((ids, n) => ids.length === 5 && ids[0] === 2 + (n % 2))).toBe(true)
    })

    test('a call waits for nothing that is busy elsewhere: 100 calls that call one another', async () => {
      const { cluster } = shared
      const sum = async (n: number, there: number): Promise<number> =>
        n +
        (await remoteCallFetch(async (m: number) => await remoteCallFetch((k: number) => k, 1, m), there, n))
      const values = await Promise.all(
        range(100).map(async (n) => await cluster.remoteCallFetch(sum, 2 + (n % 2), n, 3 - (n % 2))),
      )
      expect(values).toEqual(range(100).map((n) => 2 * n))
    })

    test('calls to one worker start in the order in which they were made', async () => {
      const { cluster } = shared
      await cluster.remoteCallFetch(() => Reflect.set(globalThis, 'confOrder', []), 2)
      const push = (n: number): void => void (Reflect.get(globalThis, 'confOrder') as number[]).push(n)
      await Promise.all(range(200).map(async (n) => await cluster.remoteCallFetch(push, 2, n)))
      expect(
        await cluster.remoteCallFetch(() => Reflect.get(globalThis, 'confOrder') as number[], 2),
      ).toEqual(range(200))
    })

    test('async functions interleave on a worker', async () => {
      const { cluster } = shared
      const key = crypto.randomUUID()
      const first = cluster.remoteCallFetch(async (k: string) => await waitFor(k), 2, key)
      const second = await cluster.remoteCallFetch((k: string) => Reflect.set(globalThis, k, true), 2, key)
      expect([await first, second]).toEqual(['went on', true])
    })

    test('a target of its own gets the same objects', async () => {
      const { cluster } = shared
      const given = { n: 1, fn: () => 0 }
      expect(await cluster.remoteCallFetch((object: object) => object, 1, given)).toBe(given)
      const sameThere = async (): Promise<boolean> => {
        const object = { symbol: Symbol('stays') }
        return (await remoteCallFetch((same: object) => same, myid(), object)) === object
      }
      expect(await cluster.remoteCallFetch(sameThere, 2)).toBe(true)
    })

    test('another target gets copies', async () => {
      const given = { list: [1] }
      const changed = await shared.cluster.remoteCallFetch(
        (object: { list: number[] }) => {
          object.list.push(2)
          return object
        },
        2,
        given,
      )
      expect([given.list, changed.list]).toEqual([[1], [1, 2]])
    })

    test('what is shared and circular among the arguments stays so', async () => {
      const shared_ = { n: 1 }
      const circle: { self?: unknown; left: object; right: object } = { left: shared_, right: shared_ }
      circle.self = circle
      const look = (object: typeof circle): boolean => object.self === object && object.left === object.right
      expect(await shared.cluster.remoteCallFetch(look, 3, circle)).toBe(true)
    })

    test.each([
      [undefined],
      [null],
      [Number.NaN],
      [10n ** 30n],
      [new Date(0)],
      [/a(b)/giu],
      [new Map([[{ a: 1 }, new Set([1])]])],
      [new Uint8Array([1, 2, 3])],
      [new URL('http://a.example/b?c#d')],
      [Object.assign(Array(3), { 0: 1, 2: 3 })],
    ])('%o goes there and comes back from one worker over another', async (value) => {
      const echo = async (given: unknown): Promise<unknown> =>
        await remoteCallFetch((back: unknown) => back, 3, given)
      expect(await shared.cluster.remoteCallFetch(echo, 2, value)).toEqual(value)
    })

    test.each([[1], [2], [3], [4]])('an error %d hops away has one prefix for each', async (hops) => {
      const way = [2, 3, 2, 3].slice(0, hops)
      const [first = 2, ...rest] = way
      const error = await errorOf(shared.cluster.remoteCallFetch(failAtEnd, first, rest))
      expect(error.message).toBe(`${way.map((id) => `On worker ${id}: `).join('')}RangeError: at the end`)
      let cause: unknown = error
      for (const id of way) {
        expect((cause as RemoteError).workerId).toBe(id)
        cause = (cause as Error).cause
      }
      expect(cause).toBeInstanceOf(RangeError)
    })

    test('an error of the manager reaches the worker that called it', async () => {
      const caught = async (): Promise<string> =>
        await remoteCallFetch(() => {
          throw new RangeError('of the manager')
        }, 1).then(String, (error: Error) => `${error.name} ${error.message}`)
      expect(await shared.cluster.remoteCallFetch(caught, 2)).toBe(
        'RemoteError On worker 1: RangeError: of the manager',
      )
    })

    test.each([[0], ['text'], [undefined], [null], [{ code: 7 }]])('%j can be thrown', async (thrown) => {
      const fail = (value: unknown): never => {
        throw value
      }
      const error = await errorOf(shared.cluster.remoteCallFetch(fail, 2, thrown))
      expect(error.cause).toEqual(thrown)
    })

    test('an error that is returned is a value', async () => {
      const value = await shared.cluster.remoteCallFetch(() => new RangeError('returned'), 2)
      expect([value instanceof RangeError, value.message]).toEqual([true, 'returned'])
    })

    test('an id that never was is named, wherever the call is made', async () => {
      expect((await errorOf(shared.cluster.remoteCallFetch(() => 0, 9_999))).message).toContain('9999')
      const there = async (): Promise<string> =>
        await remoteCallFetch(() => 0, 9_999).then(String, (error: Error) => error.message)
      expect(await shared.cluster.remoteCallFetch(there, 2)).toContain('9999')
    })

    test('a worker that is gone rejects at once with how it ended, wherever the call is made', async () => {
      const [late = 0] = await shared.add(1)
      await errorOf(shared.cluster.remoteCallFetch(() => process.exit(7), late))
      const expected = { name: 'WorkerTerminatedError', workerId: late, exitCode: 7 }
      expect(await errorOf(shared.cluster.remoteCallFetch(() => 0, late))).toMatchObject(expected)
      const there = async (id: number): Promise<unknown> =>
        await remoteCallFetch(() => 0, id).catch((error: Error) => error)
      expect(await shared.cluster.remoteCallFetch(there, 2, late)).toMatchObject(expected)
    })

    test('the call of one worker to another that dies rejects', async () => {
      const [late = 0] = await shared.add(1)
      const call = async (id: number): Promise<unknown> => await remoteCallFetch(() => process.exit(7), id)
      const error = await errorOf(shared.cluster.remoteCallFetch(call, 2, late))
      expect(error).toMatchObject({
        name: 'RemoteError',
        cause: { name: 'WorkerTerminatedError', workerId: late },
      })
    })

    test('what a worker that dies had called goes on for others only', async () => {
      const [late = 0] = await shared.add(1)
      const key = crypto.randomUUID()
      const told = Promise.withResolvers<unknown>()
      listen(key, (_, what) => told.resolve(what))
      const leave = async (k: string): Promise<void> => {
        remoteDo(async (name: string) => await remoteCallFetch(tell, 1, name, 3, 'done'), 3, k)
        await remoteCallFetch(() => 0, 3)
        process.exit(0)
      }
      await errorOf(shared.cluster.remoteCallFetch(leave, late, key))
      expect(await told.promise).toBe('done')
    })

    test('remoteDo() wants no answer, and what it throws is printed where it ran', async () => {
      const { cluster, started } = shared
      const text = crypto.randomUUID()
      cluster.remoteDo(
        (word: string) => {
          throw new RangeError(word)
        },
        2,
        text,
      )
      expect(await started.logged(text)).toMatch(/^2: /)
    })

    test('an argument that cannot travel names the way to it, and nothing is sent', async () => {
      const error = await errorOf(
        shared.cluster.remoteCallFetch((value: unknown) => value, 2, { deep: [Symbol('no')] }),
      )
      expect(error).toBeInstanceOf(SerializationError)
      expect(error.message).toContain('argument 1')
    })

    test('a result that cannot travel fails its own call only', async () => {
      const { cluster } = shared
      const [bad, good] = await Promise.all([
        errorOf(cluster.remoteCallFetch(() => ({ no: Promise.resolve() }), 2)),
        cluster.remoteCallFetch(() => 'good', 2),
      ])
      expect([bad.name, good]).toEqual(['SerializationError', 'good'])
    })

    test.each([
      ['a hundred MB as an argument', sendLarge, 100],
      // Its owner has the value, what it keeps of it, and what it sends, all in one pod.
      ['thirty MB as the value of a future', fetchLarge, 30],
    ] as const)('%s from worker to worker add less than 16 MiB to the manager', async (_, pass, mib) => {
      const [from = 0, to = 0] = await shared.add(2)
      const before = process.memoryUsage().external
      let most = before
      const watching = setInterval(() => {
        most = Math.max(most, process.memoryUsage().external)
      }, 2)
      const length = await shared.cluster.remoteCallFetch(pass, from, to, mib * 1024 * 1024)
      clearInterval(watching)
      expect(length).toBe(mib * 1024 * 1024)
      expect(most - before).toBeLessThan(16 * 1024 * 1024)
    })

    test('a thread that was replaced gets modules again from whoever had sent them to the one before', async () => {
      const { cluster, started } = shared
      const [late = 0] = await shared.add(1)
      const first = async (id: number): Promise<number> => await remoteCallFetch(attemptOf, id, 'modules')
      const second = async (id: number): Promise<number> => await remoteCallFetch(attemptsOf, id, 'modules')
      const third = async (id: number): Promise<number> =>
        await remoteCallFetch((fn: (key: string) => number) => fn('modules'), id, attemptOf)
      const counted = await cluster.remoteCallFetch(first, 2, late)
      const spinning = errorOf(cluster.remoteCallFetch(spin, late))
      await started.logged(`${late}: calls spin`)
      await cluster.interrupt(late)
      await spinning
      const fresh = await cluster.remoteCallFetch(second, 2, late)
      expect([counted, fresh, await cluster.remoteCallFetch(third, 2, late)]).toEqual([1, 0, 1])
    })

    test('functions among the arguments, with what they captured', async () => {
      const words = ['a', 'b']
      const apply = async (fn: (n: number) => string): Promise<string> => await remoteCallFetch(fn, 3, 1)
      expect(await shared.cluster.remoteCallFetch(apply, 2, (n: number) => `${words[n]}`)).toBe('b')
    })

    test.each([[0], [-1], [1.5], ['2'], [undefined], [null]])(
      'the target %j is refused with the value',
      async (target) => {
        // The cast: users of JavaScript can pass anything.
        const error = await errorOf(shared.cluster.remoteCallFetch(() => 0, target as number))
        expect(error).toBeInstanceOf(TypeError)
        expect(error.message).toContain(String(target))
      },
    )

    test.each([[5], ['code'], [null], [{}]])('the function %j is refused with the value', async (fn) => {
      const error = await errorOf(shared.cluster.remoteCallFetch(fn as unknown as () => void, 2))
      expect(error).toBeInstanceOf(TypeError)
    })
  })
}

function spin(): void {
  writeSync(2, 'calls spin\n')
  for (;;);
}

async function visit(way: readonly number[]): Promise<number[]> {
  const [next, ...rest] = way
  return [myid(), ...(next === undefined ? [] : await remoteCallFetch(visit, next, rest))]
}

async function failAtEnd(way: readonly number[]): Promise<never> {
  const [next, ...rest] = way
  if (next === undefined) throw new RangeError('at the end')
  return await remoteCallFetch(failAtEnd, next, rest)
}

async function waitFor(key: string): Promise<string> {
  while (Reflect.get(globalThis, key) !== true) await sleep(1)
  return 'went on'
}
