import type { WorkerExit } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { Cluster } from '../src/cluster.ts'
import type { ClusterManager } from '../src/cluster-manager.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }

/** A place that asks for one worker, which waits and never dials. */
function placeWithout(waitingFor: string | undefined): ClusterManager {
  return {
    name: 'waiting',
    pendingTimeoutMs: 1,
    minWorkers: 1,
    launch: async ({ admit }) => {
      const { name } = admit('worker-a', 'wss://127.0.0.1:1')
      const { promise: exited, resolve } = Promise.withResolvers<WorkerExit>()
      const end = (): void => resolve({ reason: 'Removed', blame: 'requested' })
      return [{ name, threads: 1, waitingFor, exited, onLine() {}, end, hold() {} }]
    },
  }
}

test.each([
  ['Unschedulable: no node', 'did not join within 0.001 s: Unschedulable: no node'],
  [undefined, 'did not join within 0.001 s'],
])(
  'addProcs() says in its error what a worker that did not come was waiting for: %s',
  async (why, message) => {
    await using cluster = new Cluster({ logger: quiet })

    await expect(cluster.addProcs(placeWithout(why))).rejects.toMatchObject({
      name: 'LaunchError',
      message: `Cannot launch 1 of 1 waiting workers: worker-a ${message}`,
      failures: [{ name: 'worker-a', message }],
    })
  },
)
