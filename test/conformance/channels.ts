/** Channels: their order and room, who waits, closing, and their owner's end. */

import { setTimeout as sleep } from 'node:timers/promises'
import { RemoteChannel, remoteCallFetch } from '@dialback/manager'
import { expect, test } from 'vitest'
import { errorOf, group, type Place, range } from './place.ts'

export function channelCases(place: Place): void {
  group(place, 'channels', (shared) => {
    const create = <T>(capacity: number, on = 1): RemoteChannel<T> =>
      RemoteChannel.createOver<T>(shared.cluster.peer, { capacity, on })

    test.each([1, 2])('on process %d: values are taken in the order in which they were put', async (on) => {
      const channel = create<number>(10, on)
      for (const n of range(10)) await channel.put(n)
      const taken: number[] = []
      for (const _ of range(10)) taken.push(await channel.take())
      expect(taken).toEqual(range(10))
    })

    test.each([1, 2])('on process %d: put() waits while it is full', async (on) => {
      const channel = create<number>(2, on)
      await channel.put(1)
      await channel.put(2)
      const third = channel.put(3).then(() => 'put')
      expect(await Promise.race([third, sleep(50, 'waits')])).toBe('waits')
      expect(await channel.take()).toBe(1)
      expect([await third, await channel.take(), await channel.take()]).toEqual(['put', 2, 3])
    })

    test('take() waits until there is a value', async () => {
      const channel = create<string>(1, 2)
      const taking = channel.take()
      await shared.cluster.remoteCallFetch(putThere, 3, channel, 'from three')
      expect(await taking).toBe('from three')
    })

    test.each([1, 2])('on process %d: with capacity 0 a put waits for who takes it', async (on) => {
      const channel = create<string>(0, on)
      const putting = channel.put('hand to hand').then(() => 'put')
      expect(await Promise.race([putting, sleep(50, 'waits')])).toBe('waits')
      expect([await channel.take(), await putting]).toEqual(['hand to hand', 'put'])
    })

    test('fetch() gives the first value, which stays', async () => {
      const channel = create<number>(2, 3)
      await channel.put(7)
      expect([await channel.fetch(), await channel.fetch(), await channel.take()]).toEqual([7, 7, 7])
      expect(await channel.isReady()).toBe(false)
    })

    test('wait() waits for a value and takes none', async () => {
      const channel = create<number>(2, 3)
      const waiting = shared.cluster.remoteCallFetch(
        async (there: RemoteChannel<number>) => {
          await there.wait()
          return await there.isReady()
        },
        2,
        channel,
      )
      await channel.put(7)
      await channel.wait()
      expect([await waiting, await channel.take()]).toEqual([true, 7])
    })

    test('isReady() says whether there is a value', async () => {
      const channel = create<number>(1, 2)
      const before = await channel.isReady()
      await channel.put(1)
      expect([before, await channel.isReady()]).toEqual([false, true])
    })

    test('close() lets what is in it be taken, then take() rejects', async () => {
      const channel = create<number>(3, 2)
      await channel.put(1)
      await channel.put(2)
      await channel.close()
      expect(await channel.isOpen()).toBe(false)
      expect([await channel.take(), await channel.take()]).toEqual([1, 2])
      expect((await errorOf(channel.take())).name).toBe('ChannelClosedError')
      expect((await errorOf(channel.put(3))).name).toBe('ChannelClosedError')
    })

    test('close() rejects all that wait', async () => {
      const empty = create<number>(1, 2)
      const full = create<number>(1, 2)
      await full.put(1)
      const waiting = [errorOf(empty.take()), errorOf(empty.fetch()), errorOf(full.put(2))]
      await Promise.all([empty.close(), full.close()])
      for (const error of await Promise.all(waiting)) expect(error.name).toBe('ChannelClosedError')
    })

    test('for await takes until it is closed and empty, on any process', async () => {
      const channel = create<number>(3, 3)
      const reading = shared.cluster.remoteCallFetch(readAll, 2, channel)
      for (const n of range(20)) await channel.put(n)
      await channel.close()
      expect(await reading).toEqual(range(20))
    })

    test.each([0, 1, 7])(
      'capacity %d: each value is taken once, by many takers on all processes',
      async (capacity) => {
        const channel = create<number>(capacity, 2)
        const readers = [1, 2, 3].flatMap((id) =>
          range(2).map(async () => await shared.cluster.remoteCallFetch(readAll, id, channel)),
        )
        await Promise.all(
          range(60).map(async (n) => await shared.cluster.remoteCallFetch(putThere, 1 + (n % 3), channel, n)),
        )
        await channel.close()
        const taken = (await Promise.all(readers)).flat()
        expect(taken.toSorted((a, b) => a - b)).toEqual(range(60))
      },
    )

    test('a wait takes a signal, and leaves the line', async () => {
      const channel = create<number>(1, 2)
      const controller = new AbortController()
      const waiting = errorOf(channel.take({ signal: controller.signal }))
      controller.abort(new SyntaxError('enough'))
      expect((await waiting).message).toBe('enough')
      await channel.put(1)
      expect(await channel.take()).toBe(1)
    })

    test('what waits rejects when the owner is gone', async () => {
      const [late = 0] = await shared.add(1)
      const channel = create<number>(1, late)
      const here = errorOf(channel.take())
      const there = shared.cluster.remoteCallFetch(lossThere, 2, channel)
      await shared.cluster.remoteCallFetch(callTheManager, 2)
      await shared.cluster.rmProcs(late)
      expect(await here).toMatchObject({ name: 'WorkerTerminatedError', workerId: late })
      expect(await there).toBe(`WorkerTerminatedError ${late}`)
      expect(await errorOf(channel.put(1))).toMatchObject({ workerId: late })
    })

    test('a taker that dies takes nothing with it', async () => {
      const [late = 0] = await shared.add(1)
      const channel = create<number>(1)
      const waiting = errorOf(shared.cluster.remoteCallFetch(readAll, late, channel))
      await shared.cluster.remoteCallFetch(callTheManager, late)
      await shared.cluster.rmProcs(late)
      await waiting
      await channel.put(5)
      expect(await channel.take()).toBe(5)
    })

    test('the owner gets the objects that it put, others get copies', async () => {
      const channel = create<{ n: number }>(1)
      const given = { n: 1 }
      await channel.put(given)
      expect(await channel.take()).toBe(given)
      await channel.put(given)
      expect(
        await shared.cluster.remoteCallFetch(async (there: typeof channel) => await there.take(), 2, channel),
      ).toEqual({ n: 1 })
    })

    test('a channel that a worker made works everywhere', async () => {
      const channel = await shared.cluster.remoteCallFetch(
        () => RemoteChannel.create<number>({ capacity: 2 }),
        2,
      )
      await channel.put(1)
      expect(
        await shared.cluster.remoteCallFetch(async (there: typeof channel) => await there.take(), 3, channel),
      ).toBe(1)
    })

    test('what cannot travel is refused, and nothing is put', async () => {
      const channel = create<unknown>(1, 2)
      expect((await errorOf(channel.put(Symbol('no')))).name).toBe('SerializationError')
      expect(await channel.isReady()).toBe(false)
    })

    test.each([[-1], [1.5], ['2'], [Number.NaN]])('capacity %j is refused with the value', (capacity) => {
      // The cast: users of JavaScript can pass anything.
      expect(() => create(capacity as number)).toThrow(String(capacity))
    })
  })
}

async function putThere<T>(channel: RemoteChannel<T>, value: T): Promise<void> {
  await channel.put(value)
}

async function readAll<T>(channel: RemoteChannel<T>): Promise<T[]> {
  return await Array.fromAsync(channel)
}

/** After its answer the manager has heard of all that was asked of it before. */
async function callTheManager(): Promise<void> {
  await remoteCallFetch(() => 0, 1)
}

async function lossThere(channel: RemoteChannel<number>): Promise<string> {
  return await channel
    .take()
    .then(String, (error: Error & { workerId?: number }) => `${error.name} ${error.workerId}`)
}
