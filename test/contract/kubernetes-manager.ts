/** Makes pods for the contract suite and its scripts, in the namespace and with the address that the suite found. */

import { type ClusterManager, K8sClusterManager } from '@dialback/manager'
import { freePort } from '../kubernetes/support/free-port.ts'
import type { ContractOptions } from './cluster-manager-contract.ts'

/** A port for each cluster: several may be there at once. */
const freePorts = await Promise.all(Array.from({ length: 8 }, async () => await freePort()))
const ports = new Map<string, number>()

export function makeManager(
  np: number,
  { env, timeout = 100, minWorkers = np }: ContractOptions = {},
): ClusterManager {
  const { DIALBACK_TEST_NAMESPACE: namespace = '', DIALBACK_TEST_ADDRESS: address = '' } = process.env
  const { DIALBACK_TEST_ID: testId = '' } = { ...process.env, ...env }
  return new K8sClusterManager(np, {
    namespace,
    cpu: 0.1,
    memory: '200Mi',
    connection: 'direct',
    advertise: `${address}:${portFor(testId)}`,
    pendingTimeout: timeout,
    minWorkers,
    labels: { 'dialback-test': testId },
    env: { ...env },
    configure: (pod) => {
      // With so little a pod would take seconds to start; that much of it is not free for all of them.
      const [worker] = pod.spec?.containers ?? []
      if (worker?.resources?.limits !== undefined) worker.resources.limits['cpu'] = '1'
      return pod
    },
  })
}

/** Those of clusters that are long over are used again. */
function portFor(testId: string): number {
  const port = ports.get(testId) ?? freePorts[ports.size % freePorts.length] ?? 0
  ports.set(testId, port)
  return port
}
