/** The pods of one manager, or of several alike: watched together, and removed when this process ends in order. */

import type { V1Pod } from '@kubernetes/client-node'
import type { LineListener } from '../cluster-manager.ts'
import type { Logger } from '../logger.ts'
import type { KubeApi } from './kube-api.ts'
import type { OutsideSession } from './outside-session.ts'
import { sessionLabel } from './pod-labels.ts'
import { type PodLog, PodLogs } from './pod-logs.ts'
import { workerContainer } from './pod-manifest.ts'
import { PodWarnings } from './pod-warnings.ts'
import { PodWatch } from './pod-watch.ts'
import type { PodWorker } from './pod-worker.ts'
import { atScriptEnd, notAtScriptEnd } from './script-end.ts'
import { SilentPods } from './silent-pods.ts'

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
  readonly silentPods: SilentPods = new SilentPods()
  readonly podWarnings: PodWarnings
  readonly #watches = new Map<string, PodWatch>()
  readonly #logs = new Map<string, PodLogs>()
  readonly #workers = new Set<PodWorker>()
  readonly #launches = new Set<LaunchedSecret & { readonly workers: Set<PodWorker> }>()
  /** Launches that are under way. */
  #users = 0
  #outside: Promise<OutsideSession> | undefined
  #lostOutsides: Promise<OutsideSession>[] = []
  /** Some pods are to stay, and would go with the relay's Job, which owns them. */
  #hasKeptPods = false

  constructor({ api, id, logger }: PodSessionOptions) {
    this.api = api
    this.id = id
    this.logger = logger
    this.podWarnings = new PodWarnings({ api })
  }

  /** Keeps what all launches share until the result is disposed of. */
  use(): AsyncDisposable {
    this.#users += 1
    let isOver = false
    return {
      [Symbol.asyncDispose]: async () => {
        if (isOver) return
        isOver = true
        this.#users -= 1
        await this.#closeWhenUnused()
      },
    }
  }

  /** The relay of this session; `create` makes it when there is none. It goes with the last worker. */
  async outside(create: () => Promise<OutsideSession>): Promise<OutsideSession> {
    const creating = this.#outside ?? create()
    this.#outside = creating
    try {
      return await creating
    } catch (error) {
      if (this.#outside === creating) this.#outside = undefined
      throw error
    }
  }

  /** The relay is lost: the next launch needs another one. What it leaves goes with the last worker all the same. */
  forgetOutside(): void {
    if (this.#outside !== undefined) this.#lostOutsides.push(this.#outside)
    this.#outside = undefined
  }

  /** Takes workers in whose pods will be created. */
  add(workers: readonly PodWorker[], { namespace, secretName }: LaunchedSecret): void {
    atScriptEnd(this.#endAll)
    for (const worker of workers) this.#workers.add(worker)
    this.#launches.add({ namespace, secretName, workers: new Set(workers) })
  }

  /** Removes the Secret of a launch with its last worker, and with the very last all else. */
  async release(worker: PodWorker): Promise<void> {
    this.#workers.delete(worker)
    this.#hasKeptPods ||= worker.isKept
    const over = [...this.#launches].filter(({ workers }) => workers.delete(worker) && workers.size === 0)
    for (const launch of over) this.#launches.delete(launch)
    await Promise.all([
      ...over.map(async (launch) => await this.#deleteSecret(launch)),
      this.#closeWhenUnused(),
    ])
  }

  /** Watches over the pod of a worker, which has just been created. */
  watch(worker: PodWorker, pod: V1Pod): void {
    const watch = this.#watch(pod.metadata?.namespace ?? '')
    const forget = watch.onPod(pod, ({ pod: seen, isGone }) => {
      if (isGone) return worker.deleted(seen)
      worker.update(seen)
      this.podWarnings.sighted(seen)
    })
    void worker.gone.then(() => {
      forget()
      this.podWarnings.forget(worker.name)
    })
  }

  /** Gives the lines that a pod writes. */
  follow(pod: V1Pod, onLine: LineListener): PodLog {
    const namespace = pod.metadata?.namespace ?? ''
    const known = this.#logs.get(namespace)
    const { api } = this
    const logs = known ?? new PodLogs({ api, namespace, container: workerContainer, warn: this.#warn })
    this.#logs.set(namespace, logs)
    return logs.follow(pod, onLine)
  }

  async #deleteSecret({ namespace, secretName }: LaunchedSecret): Promise<void> {
    try {
      await this.api.deleteSecret(namespace, secretName)
    } catch (error) {
      // It has an owner with which it goes.
      this.logger.debug(`Cannot delete secret ${secretName}: ${String(error)}`)
    }
  }

  async #closeWhenUnused(): Promise<void> {
    if (this.#workers.size > 0 || this.#users > 0) return
    const watches = [...this.#watches.values()]
    this.#watches.clear()
    await Promise.all([
      ...watches.map(async (watch) => await watch[Symbol.asyncDispose]()),
      !this.#hasKeptPods && this.#closeOutside(),
    ])
  }

  async #closeOutside(): Promise<void> {
    notAtScriptEnd(this.#endAll)
    const outsides = [this.#outside, ...this.#lostOutsides]
    this.#outside = undefined
    this.#lostOutsides = []
    await Promise.all(outsides.map(async (outside) => await this.#removeOutside(outside)))
  }

  async #removeOutside(outside: Promise<OutsideSession> | undefined): Promise<void> {
    try {
      await (await outside)?.[Symbol.asyncDispose]()
    } catch (error) {
      this.logger.warn(`Cannot remove the relay: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  readonly #warn = (message: string): void => this.logger.warn(message)

  /** The script is done: pods need not wait until they notice. */
  readonly #endAll = (): void => {
    this.#hasKeptPods = false
    if (this.#workers.size === 0) void this.#closeOutside()
    for (const worker of this.#workers) void worker.abandon()
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
