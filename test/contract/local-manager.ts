/** Makes local workers for the contract suite and its scripts. */

import { type ClusterManager, LocalManager } from '@dialback/manager'
import type { ContractOptions } from './cluster-manager-contract.ts'

export function makeManager(np: number, options: ContractOptions = {}): ClusterManager {
  const { env, timeout } = options
  return new LocalManager(np, {
    ...(env && { env }),
    ...(timeout !== undefined && { connectTimeout: timeout }),
  })
}
