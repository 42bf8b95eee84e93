/** Silence takes long to tell from a pause, so these tests wait at the same time. */

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ClusterManager, LocalManager } from '@dialback/manager'
import { expect, test } from 'vitest'
import { processesLeft, testIdVariable } from './support/processes.ts'
import { startScript } from './support/run-script.ts'
import { startCluster } from './test-cluster.ts'
import { openProxy, withAdmission } from './through-proxy.ts'

test.concurrent('a worker that cannot reach its manager any more ends by itself, and the manager says that it is disconnected', {
  timeout: 120_000,
}, async () => {
  await using proxy = await openProxy()
  await using started = await startCluster()
  const { cluster, env } = started
  await cluster.addProcs(withoutEnd(proxy.through(remote(new LocalManager(2, { env })))))
  const calls = [2, 3].map((id) => cluster.remoteCallFetch(() => new Promise(() => {}), id))
  const rejections = Promise.all(
    calls.map((call) => expect(call).rejects.toMatchObject({ name: 'WorkerTerminatedError' })),
  )
  const startedAt = performance.now()

  proxy.close()
  proxy.break()
  await rejections

  expect(performance.now() - startedAt).toBeLessThan(30_000)
  expect(await processesLeft(env['DIALBACK_TEST_ID'] ?? '', 20_000)).toEqual([])
})

test.concurrent('a network that swallows everything counts as disconnected on both sides', {
  timeout: 120_000,
}, async () => {
  await using proxy = await openProxy()
  await using started = await startCluster()
  const { cluster, env } = started
  await cluster.addProcs(withoutEnd(proxy.through(remote(new LocalManager(1, { env })))))
  const call = expect(cluster.remoteCallFetch(() => new Promise(() => {}), 2)).rejects.toMatchObject({
    reason: 'Disconnected',
    blame: 'infrastructure',
  })
  const startedAt = performance.now()

  proxy.holdUp()
  await call

  expect(performance.now() - startedAt).toBeLessThan(30_000)
  expect(await processesLeft(env['DIALBACK_TEST_ID'] ?? '', 40_000)).toEqual([])
})

test.concurrent('a network that swallows only what a thread says makes it dial again, and no call is lost', {
  timeout: 120_000,
}, async () => {
  await using proxy = await openProxy()
  await using started = await startCluster()
  const { cluster, env, log } = started
  await cluster.addProcs(proxy.through(remote(new LocalManager(1, { env }))))
  const [pid, early] = await cluster.remoteCallFetch(() => [process.pid, 'early'] as const, 2)

  proxy.holdUp('thread 0.0')
  const late = await cluster.remoteCallFetch(() => [process.pid, 'late'] as const, 2)

  expect([early, late]).toEqual(['early', [pid, 'late']])
  expect(log.filter((line) => line.startsWith('warn'))).toEqual([])
})

test.concurrent('a worker whose function keeps its thread for longer than any silence may last is not taken for dead', {
  timeout: 120_000,
}, async () => {
  await using started = await startCluster()
  const { cluster, env, log } = started
  await cluster.addProcs(remote(new LocalManager(1, { env })))
  const block = (ms: number): readonly number[] => {
    const runs = Number(Reflect.get(globalThis, 'runs') ?? 0) + 1
    Reflect.set(globalThis, 'runs', runs)
    // As good as a loop: nothing else happens in this thread, and it takes no time from other tests.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
    return [process.pid, runs]
  }
  const [pid] = await cluster.remoteCallFetch(block, 2, 0)

  const answers = await cluster.pmap(block, [18_000, 0])

  expect(answers).toEqual([
    [pid, 2],
    [pid, 3],
  ])
  expect(log.filter((line) => line.startsWith('warn'))).toEqual([])
})

test.concurrent('a manager that is stopped for longer than any heartbeat finds its local workers as they were', {
  timeout: 120_000,
}, async () => {
  const testId = randomUUID()
  const script = startScript('test/fixtures/stopped-manager.ts', {
    env: { [testIdVariable]: testId },
    timeoutMs: 110_000,
  })
  await script.wrote('stop me')

  script.kill('SIGSTOP')
  await sleep(40_000)
  script.kill('SIGCONT')

  expect(await script.ended).toMatchObject({ code: 0, stdout: 'stop me\nfinished meanwhile, all here\n' })
  expect(await processesLeft(testId)).toEqual([])
})

/** Workers whose manager is on another machine, as far as they know. */
function remote(manager: ClusterManager): ClusterManager {
  return withAdmission(manager, (credentials) => ({ ...credentials, isRemote: true }))
}

/** Workers that nobody can end from outside. */
function withoutEnd(manager: ClusterManager): ClusterManager {
  const { name, pendingTimeoutMs, minWorkers } = manager
  return {
    name,
    pendingTimeoutMs,
    minWorkers,
    launch: async (context) =>
      (await manager.launch(context)).map((worker) => ({
        name: worker.name,
        threads: worker.threads,
        exited: worker.exited,
        onLine: (listener) => worker.onLine(listener),
        hold: (isHeld) => worker.hold(isHeld),
        end() {},
      })),
  }
}
