import { WorkerTerminatedError } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { pmap } from '../src/pmap.ts'
import { defaultWorkerPool, WorkerPool } from '../src/worker-pool.ts'
import { CountedInput } from './counted-input.ts'
import { Gates } from './gates.ts'
import { oomKilled, preempted, SimulatedCluster, settle } from './simulated-cluster.ts'

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

test('a worker that joins takes part at once', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const gates = new Gates()
  const result = pmap(cluster, gates.pass, [1, 2])
  await settle()
  expect(gates.running).toEqual([1])
  cluster.join()
  await settle()
  expect(gates.running).toEqual([1, 2])
  gates.open(1)
  gates.open(2)
  expect(await result).toEqual([1, 2])
})

test('a worker that is pushed to the pool takes part, and one outside of it does not', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const pool = new WorkerPool([2], cluster)
  const gates = new Gates()
  void pmap(cluster, gates.pass, upTo(9), { pool })
  cluster.join()
  await settle()
  expect(gates.running).toEqual([0])
  pool.push(3)
  await settle()
  expect(gates.running).toEqual([0, 1])
})

test('a worker that left gets nothing more, and what it has is waited for', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const gates = new Gates()
  const result = pmap(cluster, gates.pass, [1, 2, 3])
  await settle()
  cluster.leave(2)
  gates.open(1)
  await settle()
  expect(gates.running).toEqual([2])
  gates.open(2)
  await settle()
  gates.open(3)
  expect(await result).toEqual([1, 2, 3])
  expect(cluster.calls.map(({ workerId }) => workerId)).toEqual([2, 3, 3])
})

test('work that began in this process goes over to workers that join', async () => {
  const cluster = new SimulatedCluster({ workers: 0 })
  const gates = new Gates()
  const result = pmap(cluster, gates.pass, [1, 2, 3])
  await settle()
  cluster.join()
  await settle()
  expect(cluster.calls.map(({ workerId }) => workerId)).toEqual([1, 2])
  for (const x of [1, 2, 3]) {
    gates.open(x)
    await settle()
  }
  expect(await result).toEqual([1, 2, 3])
  expect(cluster.calls.map(({ workerId }) => workerId)).toEqual([1, 2, 2])
})

test.each([
  ['all workers', undefined],
  ['the default pool', defaultWorkerPool],
  ['a pool', (cluster: SimulatedCluster) => new WorkerPool([2, 3], cluster)],
])('when the last of %s is taken away, pmap rejects with its loss', async (_name, poolOf) => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const gates = new Gates()
  const result = pmap(cluster, gates.pass, upTo(9), { pool: poolOf?.(cluster) })
  await settle()
  cluster.kill(3, preempted)
  await settle()
  cluster.kill(2, preempted)
  await expect(result).rejects.toMatchObject({ name: 'WorkerTerminatedError', workerId: 2 })
})

test('when all workers are removed while they are idle, pmap rejects with a loss', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const gates = new Gates()
  async function* input(): AsyncGenerator<unknown> {
    yield gates.pass(1)
  }
  const result = pmap(cluster, (x) => x, input())
  await settle()
  cluster.kill(2, { reason: 'Removed', blame: 'requested' })
  await settle()
  gates.open(1)
  await expect(result).rejects.toMatchObject({ reason: 'Removed' })
})

test('when all workers leave before it is known why, pmap rejects with a loss all the same', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const gates = new Gates()
  const result = pmap(cluster, gates.pass, [1, 2])
  await settle()
  cluster.leave(2)
  gates.open(1)
  await expect(result).rejects.toMatchObject({
    name: 'WorkerTerminatedError',
    workerId: 2,
    reason: 'Unknown',
  })
})

test('when all workers die after the last item, pmap has its results', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const gates = new Gates()
  function* input(): Generator<number> {
    yield 1
  }
  const result = pmap(cluster, gates.pass, input())
  await settle()
  cluster.leave(2)
  gates.open(1)
  expect(await result).toEqual([1])
})

test('workers that join before the reason of a loss is known save the rest', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const gates = new Gates()
  const result = pmap(cluster, gates.pass, [1, 2])
  await settle()
  cluster.leave(2)
  cluster.join()
  cluster.kill(2, preempted)
  await settle()
  gates.open(2)
  await settle()
  gates.open(1)
  expect(await result).toEqual([1, 2])
})

test('an explicit pool with no live worker rejects with the last loss, and nothing is read', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const pool = new WorkerPool([2], cluster)
  cluster.kill(2, oomKilled)
  const input = new CountedInput()
  await expect(pmap(cluster, () => 1, input.sync(), { pool })).rejects.toBeInstanceOf(WorkerTerminatedError)
  expect(input.pulled).toBe(0)
})

test('an explicit pool without members rejects', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const pool = new WorkerPool([], cluster)
  const result = pmap(cluster, () => 1, [1], { pool })
  await expect(result).rejects.toThrow('Cannot run pmap: no live worker in the pool')
})

test('an explicit pool of a worker that never was rejects with an error that names it', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const pool = new WorkerPool([99], cluster)
  await expect(pmap(cluster, () => 1, [1], { pool })).rejects.toThrow('99')
})

test('the default pool is like no pool when there are no workers', async () => {
  const cluster = new SimulatedCluster({ workers: 0 })
  expect(await pmap(cluster, (x: number) => x, [1], { pool: defaultWorkerPool(cluster) })).toEqual([1])
})
