import { writeSync } from 'node:fs'
import { remoteCallFetch } from '@dialback/manager'
import { expect, test } from 'vitest'
import { processStopped } from './support/processes.ts'
import { rejectionOf } from './support/rejection.ts'
import { startCluster } from './test-cluster.ts'

test('RemoteChannel answers while the thread of its owner is in a busy loop', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const channel = cluster.remoteChannel<number>({ on: 2 })
  const busy = cluster.remoteCall(() => {
    writeSync(2, 'spinning\n')
    for (;;);
  }, 2)
  await started.logged('spinning')

  await channel.put(7)

  expect(await cluster.remoteCallFetch(async () => await channel.take(), 3)).toBe(7)
  await cluster.interrupt(2)
  await expect(busy.fetch()).rejects.toThrow(/Interrupted/)
  await channel.put(8)
  expect(await channel.take()).toBe(8)
})

test.each(['put', 'take', 'fetch', 'wait'] as const)(
  'RemoteChannel.%s() stops waiting when its signal fires',
  async (action) => {
    await using started = await startCluster(1)
    const { cluster } = started
    for (const on of [1, 2]) {
      const channel = cluster.remoteChannel<number>({ on })
      if (action === 'put') await channel.put(0)
      const controller = new AbortController()
      const { signal } = controller
      const waiting = action === 'put' ? channel.put(1, { signal }) : channel[action]({ signal })
      const rejection = rejectionOf(waiting)
      await channel.isReady()
      const reason = new Error('enough')
      controller.abort(reason)

      expect(await rejection).toBe(reason)
      if (action === 'put') await channel.take()
      await channel.put(2)
      expect(await channel.take()).toBe(2)
      expect(await rejectionOf(channel.take({ signal }))).toBe(reason)
    }
  },
)

test('RemoteChannel gives nothing to calls that were interrupted, or whose caller is gone', async () => {
  await using started = await startCluster(3)
  const { cluster } = started
  const channel = cluster.remoteChannel<string>()
  const ended = cluster.remoteChannel<string>({ capacity: 10 })
  const take = async (): Promise<string> => {
    try {
      return await channel.take()
    } catch (error) {
      await remoteCallFetch((text: string) => void ended.put(text), 1, String(error))
      throw error
    }
  }
  const interrupted = rejectionOf(cluster.remoteCallFetch(take, 2))
  const orphaned = rejectionOf(cluster.remoteCallFetch(async () => await remoteCallFetch(take, 2), 3))
  await cluster.remoteCallFetch(async () => await channel.isOpen(), 2)
  await cluster.remoteCallFetch(
    async () => void (await remoteCallFetch(async () => await channel.isOpen(), 2)),
    3,
  )

  await cluster.remoteCallFetch(() => process.kill(process.pid, 'SIGKILL'), 3).catch(() => {})
  expect(await orphaned).toMatchObject({ reason: 'Killed' })
  expect(await ended.take()).toBe('AbortError: The caller is gone')
  await cluster.interrupt(2)
  expect(await interrupted).toMatchObject({ cause: { name: 'AbortError' } })
  expect(await ended.take()).toBe('AbortError: Interrupted')
  await channel.put('for the next')

  expect(await channel.take()).toBe('for the next')
})

test('RemoteChannel whose owner dies rejects all that waits on every process, and all that comes later', async () => {
  await using started = await startCluster(3)
  const { cluster } = started
  const [empty, full] = [cluster.remoteChannel<number>({ on: 2 }), cluster.remoteChannel<number>({ on: 2 })]
  await full.put(0)
  const blocked = [
    empty.take(),
    empty.fetch(),
    full.put(1),
    cluster.remoteCallFetch(async () => await empty.take(), 3),
    cluster.remoteCallFetch(async () => void (await full.put(2)), 4),
  ].map(rejectionOf)
  await cluster.remoteCallFetch(async () => await full.isReady(), 3)
  await cluster.remoteCallFetch(async () => await full.isReady(), 4)

  await cluster.remoteCallFetch(() => process.kill(process.pid, 'SIGKILL'), 2).catch(() => {})

  const loss = { name: 'WorkerTerminatedError', workerId: 2, reason: 'Killed' }
  const rejections = await Promise.all(blocked)
  for (const rejection of rejections.slice(0, 3)) expect(rejection).toMatchObject(loss)
  for (const rejection of rejections.slice(3)) expect(rejection.cause).toMatchObject(loss)
  for (const later of [full.take(), full.put(1), full.isReady(), full.isOpen(), full.close()])
    expect(await rejectionOf(later)).toMatchObject(loss)
  const there = cluster.remoteCallFetch(async () => await full.take(), 3)
  expect(await rejectionOf(there)).toMatchObject({ cause: loss })
})

test.each([1, 2])('RemoteChannel on process %i loses nothing when a taker dies', async (on) => {
  await using started = await startCluster(3)
  const { cluster } = started
  const channel = cluster.remoteChannel<number>({ capacity: 5, on })
  const waits = cluster.remoteCall(async () => await channel.take(), 3)
  await cluster.remoteCallFetch(async () => await channel.isOpen(), 3)

  await cluster.remoteCallFetch(() => process.kill(process.pid, 'SIGKILL'), 3).catch(() => {})
  await expect(waits.fetch()).rejects.toMatchObject({ reason: 'Killed' })
  for (let i = 0; i < 5; i++) await channel.put(i)

  const taken: number[] = []
  for (let i = 0; i < 5; i++) taken.push(await channel.take())
  expect(taken).toEqual([0, 1, 2, 3, 4])
})

test('RemoteChannel gives back what a stopped taker never received', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const channel = cluster.remoteChannel<Uint8Array>({ capacity: 5, on: 2 })
  const takes = cluster.remoteCall(async () => await channel.take(), 3)
  const pid = await cluster.remoteCallFetch(async () => {
    await channel.isOpen()
    return process.pid
  }, 3)
  process.kill(pid, 'SIGSTOP')
  await processStopped(pid)
  await channel.put(new Uint8Array(3_000_000).fill(7))
  await channel.put(new Uint8Array(1).fill(8))
  process.kill(pid, 'SIGKILL')

  await expect(takes.fetch()).rejects.toMatchObject({ reason: 'Killed' })
  expect([(await channel.take())[0], (await channel.take())[0]]).toEqual([7, 8])
})

test.each([
  [{ capacity: -1 }, 'capacity must be a whole number of at least 0, or Infinity: -1'],
  [{ capacity: 1.5 }, 'capacity must be a whole number of at least 0, or Infinity: 1.5'],
  [{ capacity: Number.NaN }, 'capacity must be a whole number of at least 0, or Infinity: NaN'],
  [{ capacity: '1' }, "capacity must be a number: '1'"],
  [{ on: 0 }, 'on must be the id of a process: 0'],
  [{ on: '2' }, "on must be the id of a process: '2'"],
  [{ size: 1 }, "Unknown option of RemoteChannel.create: 'size' (known: capacity, on)"],
  [null, 'The options of RemoteChannel.create must be an object: null'],
])('RemoteChannel.create() repeats what is wrong: %o', async (options, message) => {
  await using started = await startCluster()
  expect(() => started.cluster.remoteChannel(options as object)).toThrow(message)
})

test('RemoteChannel refuses a bad signal, and what never was', async () => {
  await using started = await startCluster()
  const { cluster } = started
  const channel = cluster.remoteChannel<number>()

  expect(await rejectionOf(channel.take({ signal: 7 } as never))).toMatchObject({
    name: 'TypeError',
    message: 'signal must be an AbortSignal: 7',
  })
  expect(await rejectionOf(channel.put(1, { timeout: 7 } as never))).toMatchObject({
    message: "Unknown option of RemoteChannel.put: 'timeout' (known: signal)",
  })
  expect(await rejectionOf(cluster.remoteChannel({ on: 99 }).take())).toMatchObject({ name: 'RangeError' })
})
