/** The pods of one manager: watched together, and removed when this process ends in order. */

import type { V1Pod } from '@kubernetes/client-node'
import type { Logger } from '../logger.ts'
import type { KubeApi } from './kube-api.ts'
import { type PodLog, PodLogs } from './pod-logs.ts'
import { sessionLabel, workerContainer } from './pod-manifest.ts'
import { PodWatch } from './pod-watch.ts'
import type { PodWorker } from './pod-worker.ts'

export interface PodSessionOptions {
  readonly api: KubeApi
  /** What the pods' session label says. */
  readonly id: string
  readonly logger: Logger
}

/** What the pods of one launch have in common, and what goes with the last of them. */
export interface LaunchedSecret {
  readonly namespace: string
  readonly secretName: string
}

export class PodSession {
  readonly api: KubeApi
  readonly id: string
  readonly logger: Logger
  readonly #watches = new Map<string, PodWatch>()
  readonly #logs = new Map<string, PodLogs>()
  readonly #workers = new Set<PodWorker>()

  constructor({ api, id, logger }: PodSessionOptions) {
    this.api = api
    this.id = id
    this.logger = logger
  }

  /** Takes workers in whose pods will be created, and removes the Secret when the last of them is gone. */
  add(workers: readonly PodWorker[], secret: LaunchedSecret): void {
    if (this.#workers.size === 0) process.on('beforeExit', this.#endAll)
    for (const worker of workers) this.#workers.add(worker)
    void this.#afterwards(workers, secret)
  }

  /** Watches over the pod of a worker, which has just been created. */
  watch(worker: PodWorker, pod: V1Pod): void {
    const watch = this.#watch(pod.metadata?.namespace ?? '')
    const forget = watch.onPod(pod, ({ pod: seen, isGone }) => {
      if (isGone) worker.deleted(seen)
      else worker.update(seen)
    })
    void worker.gone.then(forget)
  }

  /** Gives the lines that a pod writes. */
  follow(pod: V1Pod, onLine: (line: string) => void): PodLog {
    const namespace = pod.metadata?.namespace ?? ''
    const known = this.#logs.get(namespace)
    const { api } = this
    const logs = known ?? new PodLogs({ api, namespace, container: workerContainer, warn: this.#warn })
    this.#logs.set(namespace, logs)
    return logs.follow(pod, onLine)
  }

  async #afterwards(workers: readonly PodWorker[], { namespace, secretName }: LaunchedSecret): Promise<void> {
    await Promise.all(workers.map((worker) => worker.gone))
    try {
      await this.api.deleteSecret(namespace, secretName)
    } catch (error) {
      // It has an owner with which it goes.
      this.logger.debug(`Cannot delete secret ${secretName}: ${String(error)}`)
    }
    for (const worker of workers) this.#workers.delete(worker)
    if (this.#workers.size > 0) return
    process.off('beforeExit', this.#endAll)
    for (const watch of this.#watches.values()) await watch[Symbol.asyncDispose]()
    this.#watches.clear()
  }

  readonly #warn = (message: string): void => this.logger.warn(message)

  /** The script is done: pods need not wait until they notice. */
  readonly #endAll = (): void => {
    for (const worker of this.#workers) worker.abandon()
  }

  #watch(namespace: string): PodWatch {
    const known = this.#watches.get(namespace)
    if (known !== undefined) return known
    const watch = new PodWatch({
      api: this.api,
      namespace,
      labelSelector: `${sessionLabel}=${this.id}`,
      warn: this.#warn,
    })
    this.#watches.set(namespace, watch)
    return watch
  }
}
