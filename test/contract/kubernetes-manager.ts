/** Makes pods for the contract suite and its scripts, in the namespace and with the address that the suite found. */

import { type ClusterManager, K8sClusterManager } from '@dialback/manager'
import { freePort } from '../kubernetes/support/free-port.ts'
import type { ContractOptions } from './cluster-manager-contract.ts'

const port = await freePort()

export function makeManager(
  np: number,
  { env, timeout = 60, minWorkers = np }: ContractOptions = {},
): ClusterManager {
  const { DIALBACK_TEST_NAMESPACE: namespace = '', DIALBACK_TEST_ADDRESS: address = '' } = process.env
  const { DIALBACK_TEST_ID: testId = '' } = { ...process.env, ...env }
  return new K8sClusterManager(np, {
    namespace,
    cpu: 0.2,
    memory: '200Mi',
    connection: 'direct',
    advertise: `${address}:${port}`,
    pendingTimeout: timeout,
    minWorkers,
    labels: { 'dialback-test': testId },
    env: { ...env },
    configure: (pod) => {
      // As process 1 a worker could not be killed by a signal of its own.
      if (pod.spec !== undefined) pod.spec.shareProcessNamespace = true
      return pod
    },
  })
}
