import { writeSync } from 'node:fs'
import { remoteDo, WorkerPool } from '@dialback/manager'
import { expect, test } from 'vitest'
import { startCluster } from './test-cluster.ts'

test('remoteDo() prints what the function throws where it ran, and nowhere else', async () => {
  await using started = await startCluster(1)
  const { cluster, output, log } = started

  cluster.remoteDo(() => {
    throw new TypeError('thrown on the worker')
  }, 2)
  cluster.remoteDo(async () => await Promise.reject(new TypeError('rejected on the worker')), 2)
  await Promise.all([
    started.logged('2: TypeError: thrown on the worker'),
    started.logged('rejected on the worker'),
  ])

  expect(await cluster.remoteCallFetch(() => 'alive', 2)).toBe('alive')
  expect(output.filter((line) => line.includes('thrown on the worker'))).toHaveLength(1)
  expect(log.filter((line) => !line.endsWith('is up'))).toEqual([])
})

test('remoteDo() to a pool says here why it sent nothing', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const settled = Promise.resolve()

  cluster.remoteDo(() => settled, new WorkerPool([2], cluster.peer))
  cluster.remoteDo(() => {}, new WorkerPool([7], cluster.peer))

  expect(await started.logged('captured "settled": Promise')).toContain('error: SerializationError')
  expect(await started.logged('id 7')).toContain('error: RangeError')
})

test('remoteDo() to an id that never was, or to a worker that is gone, says so, also on a worker', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  await cluster.rmProcs(3)

  expect(() => cluster.remoteDo(() => 0, 77)).toThrow('No process has the id 77 (there are 1, 2)')
  expect(() => cluster.remoteDo(() => 0, 3)).toThrow('Worker 3 was terminated due to: Removed')
  for (const id of [77, 77, 3])
    await cluster.remoteCallFetch((target: number) => remoteDo(() => 0, target), 2, id)

  await started.logged('2: WorkerTerminatedError: Worker 3 was terminated due to: Removed')
  expect(
    started.output.filter((line) => line.startsWith('2: RangeError: No process has the id 77')),
  ).toHaveLength(2)
})

test('remoteDo() to a worker whose thread was replaced meanwhile runs there', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const shout = (text: string): void => void writeSync(2, `${text}\n`)
  const shoutThere = async (text: string): Promise<void> =>
    await cluster.remoteCallFetch((what: string) => remoteDo(shout, 3, what), 2, text)
  await shoutThere('first')
  await started.logged('3: first')
  const spinning = cluster
    .remoteCallFetch(() => {
      writeSync(2, 'spinning\n')
      for (;;);
    }, 3)
    .catch(() => {})
  await started.logged('3: spinning')
  await cluster.interrupt(3)
  await spinning

  // The caller does not know that its function has to be sent again.
  await shoutThere('second')

  expect(await started.logged('3: second')).toBe('3: second')
})

test('remoteDo() to the own id prints what the function throws there', async () => {
  await using started = await startCluster()

  started.cluster.remoteDo(() => {
    throw new TypeError('thrown on the manager')
  }, 1)

  expect(await started.logged('thrown on the manager')).toContain('TypeError: thrown on the manager')
})
