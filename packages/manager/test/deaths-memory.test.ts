import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { WorkerExit } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { InMemoryCluster } from './in-memory-cluster.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

test('a worker that is gone leaves the manager less than 1 KB, once later ones are gone as well', async () => {
  const cluster = new InMemoryCluster(0)
  await endAll(cluster, 200)
  const before = heapBytes()
  await endAll(cluster, 1_000)
  const perDeath = (heapBytes() - before) / 1_000

  expect(perDeath).toBeLessThan(1_024)
  expect(cluster.manager.lossOf(2)?.message).toBe(
    'Worker 2 on pod w-2 was terminated due to: Killed (SIGKILL)',
  )
})

async function endAll(cluster: InMemoryCluster, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const worker = cluster.add()
    await worker.kill(exitOf(worker.id))
  }
}

/** With all that is ever known of one. */
function exitOf(id: number): WorkerExit {
  return {
    reason: 'Killed',
    detail: 'SIGKILL',
    blame: 'unknown',
    pod: { name: `w-${id}`, namespace: 'default', uid: `3e0c3a5e-0000-0000-0000-${id}` },
    logs: Array.from({ length: 20 }, (_, n) => `line ${n} of worker ${id} ${'and more '.repeat(100)}`),
    status: { phase: 'Failed', message: `of ${id}`.repeat(100) },
    timeline: [{ at: id, event: `worker ${id} was created` }],
  }
}

function heapBytes(): number {
  for (let i = 0; i < 3; i++) collect()
  return process.memoryUsage().heapUsed
}
