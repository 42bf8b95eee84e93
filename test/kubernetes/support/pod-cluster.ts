/** A cluster of this process with pods as workers, in a namespace of its own, for tests of how those end. */

import { K8sClusterManager, type K8sOptions } from '@dialback/manager'
import { startCluster, type TestCluster } from '../../test-cluster.ts'
import { freePort } from './free-port.ts'
import { reachableAddress, TestNamespace } from './test-namespace.ts'

export interface PodCluster extends TestCluster {
  readonly namespace: TestNamespace
  /** Asks for small workers in that namespace, which dial this process. */
  manager(np: number, options?: K8sOptions): K8sClusterManager
  /** The warnings so far. */
  readonly warnings: readonly string[]
}

export async function startPodCluster(): Promise<PodCluster> {
  await using stack = new AsyncDisposableStack()
  const namespace = stack.use(await TestNamespace.create())
  const advertise = `${await reachableAddress(namespace)}:${await freePort()}`
  const started = stack.use(await startCluster())
  const owned = stack.move()
  return {
    ...started,
    namespace,
    manager: (np, options = {}) =>
      new K8sClusterManager(np, {
        namespace: namespace.name,
        cpu: 0.1,
        memory: '200Mi',
        pendingTimeout: 90,
        connection: 'direct',
        advertise,
        ...options,
        configure: async (pod) => {
          // What runs there when the pod has to go is never done in these tests.
          if (pod.spec !== undefined) pod.spec.terminationGracePeriodSeconds = 2
          return (await options.configure?.(pod)) ?? pod
        },
      }),
    get warnings() {
      return started.log.filter((line) => line.startsWith('warn: '))
    },
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}

/** The error that a call rejects with; only its kind is settled here. */
export async function errorOf(call: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  const error = await call.then(
    (value) => `a value: ${String(value)}`,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error)) throw new Error(`Expected an Error: ${String(error)}`)
  // Tests look at fields of its class, by their names.
  return error as Error & Record<string, unknown>
}
