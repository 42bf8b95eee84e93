/** The cluster of the functions that need none named. */

import { type AnyFunction, currentPeer, providePeer } from '@dialback/runtime'
import { type AddProcsOptions, Cluster, type RemoveOptions } from './cluster.ts'
import type { ClusterManager } from './cluster-manager.ts'
import { clusterOfPeer } from './cluster-of-peer.ts'
import { defaultWorkers, takeStartedWorkers, type WorkersSpec } from './default-workers.ts'
import type { EverywhereOptions } from './everywhere.ts'
import { K8sClusterManager } from './kubernetes/k8s-cluster-manager.ts'
import type { LocalManagerOptions } from './local/local-manager.ts'
import type { Logger } from './logger.ts'

let cluster: Cluster | undefined

/** Made when it is first needed: importing this module starts nothing. */
function defaultCluster(): Cluster {
  cluster ??= new Cluster()
  return cluster
}
providePeer(() => defaultCluster().peer)

/** Within a call that a worker made here the cluster of that worker, else the default one. */
function currentCluster(): Cluster {
  return clusterOfPeer.get(currentPeer()) ?? defaultCluster()
}

/**
 * Starts workers, local processes for a number, and waits until they have joined.
 *
 * @param what how many local processes, ≥ 0, or a manager that starts workers elsewhere. @default those of the command line
 * (`dialback run -n`), which are there already, else `DIALBACK_WORKERS`, else one for each core
 * @returns sorted ids of the workers that joined.
 * @throws {TypeError | RangeError} that repeats a bad value or unknown option, before anything is started.
 * @throws {LaunchError} when fewer joined than were needed, with each failure; those that joined stay.
 * @example
 * const ids = await addProcs(2) // [2, 3]
 */
export async function addProcs(
  what?: number | ClusterManager,
  options?: LocalManagerOptions & AddProcsOptions,
): Promise<number[]> {
  const isForAny = what === undefined && options === undefined
  const started = isForAny ? takeStartedWorkers(currentPeer().workers()) : undefined
  const wanted = what === undefined ? managerOf(defaultWorkers(process.env)) : what
  return started ?? (await currentCluster().addProcs(wanted, options))
}

function managerOf({ count, pods }: WorkersSpec): number | ClusterManager | undefined {
  return pods === undefined ? count : new K8sClusterManager(count ?? 1, pods)
}

/**
 * Removes workers: asked first, then terminated, then killed. What runs there rejects with reason `Removed`.
 *
 * @throws {Error} naming the workers that are not gone within `waitFor`.
 */
export async function rmProcs(ids: number | readonly number[], options?: RemoveOptions): Promise<void> {
  await currentCluster().rmProcs(ids, options)
}

/** Aborts what runs on the workers (default: all): it rejects with a `RemoteError` whose cause is an `AbortError`. */
export async function interrupt(ids?: number | readonly number[]): Promise<void> {
  await currentCluster().interrupt(ids)
}

/**
 * Runs a function on every process, or defines globals there; the manager last. Workers that join later do so first.
 *
 * @throws {AggregateError} with the failures in the order of the ids; all processes were attempted.
 * @example
 * await everywhere({ limit: 10, double: (x: number) => 2 * x })
 */
export async function everywhere(
  what: AnyFunction | Readonly<Record<string, unknown>>,
  options?: EverywhereOptions,
): Promise<void> {
  await currentCluster().everywhere(what, options)
}

/** Sets where log lines go. */
export function setLogger(logger: Logger): void {
  currentCluster().setLogger(logger)
}
