/** Workers as pods of a Kubernetes cluster. */

import type { ClusterManager, LaunchContext, LaunchedWorker } from '../cluster-manager.ts'
import { type K8sOptions, type ResolvedK8sOptions, resolveK8sOptions } from './k8s-options.ts'
import type { PodLauncher } from './pod-launcher.ts'

export class K8sClusterManager implements ClusterManager {
  readonly name = 'kubernetes'
  readonly pendingTimeoutMs: number
  readonly minWorkers: number
  readonly #options: ResolvedK8sOptions
  #launcher: PodLauncher | undefined

  /**
   * Asks for `np` pods.
   *
   * @param np how many, ≥ 0.
   * @throws {TypeError | RangeError} that repeats a bad value or an unknown option; nothing was started.
   * @example
   * const ids = await addProcs(new K8sClusterManager(3, { cpu: 0.2, memory: '300Mi', pendingTimeout: 30 }))
   */
  constructor(np: number, options: K8sOptions = {}) {
    this.#options = resolveK8sOptions(np, options)
    this.pendingTimeoutMs = this.#options.pendingTimeoutMs
    this.minWorkers = this.#options.minWorkers
  }

  async launch(context: LaunchContext): Promise<readonly LaunchedWorker[]> {
    if (this.#options.np === 0) return []
    // Loaded when it is needed: it would be a third of what scripts wait for that never have a pod.
    const { PodLauncher } = await import('./pod-launcher.ts')
    this.#launcher ??= new PodLauncher(this.#options)
    return await this.#launcher.launch(context)
  }
}
