/** Where the cases run: what makes workers there, and clusters for them. */

import type { Cluster } from '@dialback/manager'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import type { MakeManager } from '../contract/cluster-manager-contract.ts'
import { startCluster, type TestCluster } from '../test-cluster.ts'

export interface Place {
  readonly name: string
  /** Gives the manager that asks for `np` workers. */
  readonly makeManager: MakeManager
  /** A case that takes longer hangs, in ms. */
  readonly caseLimitMs: number
  /** What starting the workers of a cluster may take, in ms. */
  readonly startLimitMs: number
}

/** The cluster that the cases of one group share. */
export interface SharedCluster {
  /** @throws before the first case of the group. */
  readonly cluster: Cluster
  readonly started: TestCluster
  /** Ids of two workers that no case may end, and that are idle when a case begins. */
  readonly two: readonly [number, number]
  /** Adds workers for the case alone; it may do to them what it likes. */
  add(np: number): Promise<number[]>
}

/** Registers a group of cases with two workers in common. After each case nothing may be waiting any more. */
export function group(place: Place, title: string, cases: (shared: SharedCluster) => void): void {
  describe(title, { timeout: place.caseLimitMs }, () => {
    let started: TestCluster | undefined
    let own: number[] = []
    const theStarted = (): TestCluster => {
      if (started === undefined) throw new Error('The cluster has not started')
      return started
    }
    beforeAll(async () => {
      started = await startPlaced(place, 2)
    }, place.startLimitMs)
    afterEach(async () => {
      await theStarted().cluster.rmProcs(own)
      own = []
      await nothingWaits(theStarted().cluster)
    })
    afterAll(async () => await started?.[Symbol.asyncDispose](), place.startLimitMs)
    cases({
      get cluster() {
        return theStarted().cluster
      },
      get started() {
        return theStarted()
      },
      two: [2, 3],
      add: async (np) => {
        const ids = await theStarted().cluster.addProcs(place.makeManager(np, { env: theStarted().env }))
        own.push(...ids)
        return ids
      },
    })
  })
}

/** A cluster of the case's own, with `np` workers. Disposing it fails when a process is left. */
export async function startPlaced(place: Place, np: number): Promise<TestCluster> {
  const started = await startCluster()
  if (np > 0) await started.cluster.addProcs(place.makeManager(np, { env: started.env }))
  return started
}

/** What was called was answered: a case that leaves a call behind fails here. */
async function nothingWaits(cluster: Cluster): Promise<void> {
  await expect.poll(() => cluster.peer.pendingCount, { timeout: 5_000 }).toBe(0)
}

/** The error with which it rejects. */
export async function errorOf(promise: Promise<unknown>): Promise<Error> {
  const outcome: unknown = await promise.then(
    (value) => `a value: ${String(value)}`,
    (reason: unknown) => reason,
  )
  if (!(outcome instanceof Error)) throw new Error(`Expected an Error: ${String(outcome)}`)
  return outcome
}

/** `0 … count - 1` */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}
