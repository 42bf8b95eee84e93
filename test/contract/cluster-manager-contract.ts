/** What every `ClusterManager` must do, in real workers. A new kind of manager calls this from a test file of its own. */

import type { ClusterManager } from '@dialback/manager'
import { describe } from 'vitest'
import { endingContract } from './ending-contract.ts'
import { failingContract } from './failing-contract.ts'
import { joiningContract } from './joining-contract.ts'
import { scriptContract } from './script-contract.ts'

/** What the suite asks of a manager; kinds of managers name their options differently. */
export interface ContractOptions {
  /** Added to the environment of the workers. */
  readonly env?: Readonly<Record<string, string>>
  /** How long they may take to join, in seconds. */
  readonly timeout?: number
  /** With fewer workers `addProcs` rejects. @default np, for the suite */
  readonly minWorkers?: number
}

export type MakeManager = (np: number, options?: ContractOptions) => ClusterManager

/** The module that scripts of the suite get their manager from. */
export interface ManagerModule {
  readonly makeManager: MakeManager
}

/** What differs between kinds of managers. */
export interface ContractFacts {
  /** The URL of a `ManagerModule`. */
  readonly module: string
  /** The fields of the error when a worker was killed with SIGKILL. */
  readonly killed: Readonly<Record<string, unknown>>
  /** The fields of the error when a worker ended by itself. */
  exited(exitCode: number): Readonly<Record<string, unknown>>
  /** Names what is left of workers with `DIALBACK_TEST_ID=testId` in their environment, once nothing is or after 20 s. */
  left(testId: string): Promise<readonly string[]>
}

export interface Contract extends ContractFacts {
  readonly makeManager: MakeManager
}

/** Registers the suite. `makeManager` takes a number of workers and gives the manager that asks for them. */
export function clusterManagerContract(name: string, makeManager: MakeManager, facts: ContractFacts): void {
  const contract: Contract = { ...facts, makeManager }
  describe(name, () => {
    joiningContract(contract)
    failingContract(contract)
    endingContract(contract)
    scriptContract(contract)
  })
}

/** `NODE_OPTIONS` that run `code` in the main thread of a worker before anything else of it. */
export function runFirst(code: string): { readonly NODE_OPTIONS: string } {
  const guarded = `import { isMainThread } from 'node:worker_threads'; if (isMainThread) { ${code} }`
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(guarded)}` }
}
