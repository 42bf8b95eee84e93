import { expect, test } from 'vitest'
import { processStopped } from './support/processes.ts'
import { startCluster } from './test-cluster.ts'

test('rmProcs() of a worker that hangs terminates it, then kills it, and says so; what ran there rejects at once', async () => {
  await using started = await startCluster(2)
  const { cluster, log } = started
  const pid = await cluster.remoteCallFetch(() => process.pid, 2)
  const waiting = cluster.remoteCallFetch(() => new Promise(() => {}), 2).catch(String)
  await cluster.remoteCallFetch(() => 'the call before has started', 2)
  process.kill(pid, 'SIGSTOP')
  await processStopped(pid)

  const removing = cluster.rmProcs(2)
  const rejected = await waiting
  const beforeItsEnd = [...log]
  await removing

  expect(rejected).toBe('WorkerTerminatedError: Worker 2 was terminated due to: Removed')
  expect(beforeItsEnd.filter((line) => line.startsWith('warn'))).toEqual([])
  expect(log.filter((line) => line.startsWith('warn'))).toEqual([
    'warn: local-2 did not end when asked: terminating it',
    'warn: local-2 did not end when terminated: killing it',
  ])
  expect(cluster.workers()).toEqual([3])
}, 60_000)

test('rmProcs({ waitFor }) names who is not gone in time, and goes on removing', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const pid = await cluster.remoteCallFetch(() => process.pid, 3)
  process.kill(pid, 'SIGSTOP')
  await processStopped(pid)

  // Long enough for worker 2 to end, also where it does not get its turn at once; worker 3 is killed after 10 s.
  await expect(cluster.rmProcs([2, 3], { waitFor: '6s' })).rejects.toThrow(
    'Cannot remove workers 3 within 6 s',
  )

  expect(cluster.workers()).toEqual([1])
  await started.logged('local-3 did not end when terminated: killing it')
}, 60_000)
