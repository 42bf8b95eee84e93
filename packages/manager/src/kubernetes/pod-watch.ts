/**
 * Sees the changes of all pods of a session: one list and one watch for all of them. Watches break, fall silent and leave
 * things out, so each end of one is followed by a new list, and what the list says is what counts.
 */

import type { Clock } from '@dialback/runtime'
import type { V1Pod } from '@kubernetes/client-node'
import { jsonLines } from './json-lines.ts'
import type { KubeApi } from './kube-api.ts'
import type { KubeStream } from './kube-client.ts'
import { KubeError } from './kube-error.ts'
import { pause } from './kube-retry.ts'
import { listPods } from './list-pods.ts'
import { type PodListener, PodSightings, uidOf } from './pod-sightings.ts'
import { Hold, unheldClock } from './unheld-clock.ts'
import { recordOf, textOf } from './untyped.ts'

export interface PodWatchOptions {
  readonly api: KubeApi
  readonly namespace: string
  /** Chooses the session's pods. */
  readonly labelSelector: string
  /** Is told once when pods can only be asked for one by one, and of each time that the API server cannot be reached. */
  readonly warn: (message: string) => void
  readonly clock?: Clock
  readonly random?: () => number
}

/** After which the API server ends a watch, and a new list follows. */
const watchSeconds = 270
/** With bookmarks there is something to read every minute. */
const silenceMs = 90_000
const firstPauseMs = 100
const maxPauseMs = 3_000
const failuresToWarn = 3
/** Without `watch`: how often a pod is asked for, at most, and how many requests a second that may be. */
const pollMs = 500
const pollsPerSecond = 40

export class PodWatch implements AsyncDisposable {
  readonly #options: Required<PodWatchOptions>
  readonly #sightings = new PodSightings()
  readonly #end = new AbortController()
  readonly #hold = new Hold()
  #failures = 0
  /** The cluster lets us only ask for pods one by one. */
  #isPolling = false
  #done: Promise<void> | undefined

  constructor(options: PodWatchOptions) {
    this.#options = { clock: unheldClock, random: Math.random, ...options }
  }

  /**
   * Calls back with the pod as it is known, and after each of its changes, until it is gone; watching begins with the first.
   *
   * @param pod as it was created
   * @returns what ends that.
   */
  onPod(pod: V1Pod, listener: PodListener): () => void {
    this.#done ??= this.#run()
    return this.#sightings.listen(pod, listener)
  }

  /** Whether the process stays alive for what may still be seen. */
  hold(isHeld: boolean): void {
    this.#hold.set(isHeld && !this.#end.signal.aborted)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hold.set(false)
    this.#end.abort()
    await this.#done
  }

  get #request(): { readonly namespace: string; readonly signal: AbortSignal } {
    return { namespace: this.#options.namespace, signal: this.#end.signal }
  }

  async #run(): Promise<void> {
    const { signal } = this.#end
    while (!signal.aborted) {
      try {
        if (this.#isPolling) await this.#poll()
        else await this.#listAndWatch()
      } catch (error) {
        if (!signal.aborted) await this.#failed(error)
      }
    }
  }

  async #listAndWatch(): Promise<void> {
    const { api, labelSelector } = this.#options
    const { namespace, signal } = this.#request
    const resourceVersion = await this.#list()
    const stream = await api.watchPods(namespace, {
      labelSelector,
      signal,
      resourceVersion,
      timeoutSeconds: watchSeconds,
    })
    stream.hold(false)
    // One that ended before it told anything is as good as one that failed: it must not be tried without a pause.
    if (!(await this.#follow(stream))) throw new Error('the watch ended before it told anything')
  }

  /** Not a part of what then watches, which would keep the list for as long. */
  async #list(): Promise<string> {
    const { api, labelSelector } = this.#options
    const { namespace, signal } = this.#request
    const reconcile = this.#sightings.reconciliation()
    const list = await listPods(api, namespace, { labelSelector, signal, isRetried: false })
    reconcile(list.pods)
    return list.resourceVersion
  }

  /** Gives whether there was anything. */
  async #follow({ body }: KubeStream): Promise<boolean> {
    const { clock } = this.#options
    const fallSilent = (): void =>
      void body.destroy(new Error(`nothing was heard for ${silenceMs / 1_000} s`))
    let cancel = clock.after(silenceMs, fallSilent)
    let hasTold = false
    try {
      for await (const event of jsonLines(body)) {
        cancel()
        cancel = clock.after(silenceMs, fallSilent)
        this.#take(event)
        this.#failures = 0
        hasTold = true
      }
      return hasTold
    } finally {
      cancel()
      body.destroy()
    }
  }

  #take(event: unknown): void {
    const fields = recordOf(event)
    const object = recordOf(fields?.['object'])
    // The API server's own schema.
    const pod = object as V1Pod | undefined
    const type = textOf(fields?.['type'])
    // A bookmark says only that all is well.
    if (pod === undefined || type === 'BOOKMARK') return
    if (type === 'ADDED' || type === 'MODIFIED') this.#sightings.seen(pod)
    else if (type === 'DELETED') this.#sightings.gone(uidOf(pod), pod)
    // 410 among them: what came after the list is forgotten there already. The next list brings it.
    else if (type === 'ERROR')
      throw new Error(`the watch failed: ${textOf(object?.['message']) ?? 'it did not say why'}`)
  }

  async #failed(error: unknown): Promise<void> {
    const kind = error instanceof KubeError ? error.kind : undefined
    if (kind === 'forbidden' && !this.#isPolling) {
      this.#isPolling = true
      this.#options.warn(`Pods are asked for one by one, which is slower: ${messageOf(error)}`)
      return
    }
    this.#failures += 1
    if (this.#failures === failuresToWarn)
      this.#options.warn(`Cannot see the workers' pods at the moment: ${messageOf(error)}`)
    const { random, clock } = this.#options
    const backOffMs = Math.min(maxPauseMs, firstPauseMs * 2 ** (this.#failures - 1)) * (0.5 + random() / 2)
    const askedMs = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0
    await pause(Math.max(backOffMs, askedMs), { clock, signal: this.#end.signal }).catch(() => {})
  }

  async #poll(): Promise<void> {
    const { clock } = this.#options
    const startedAt = clock.now()
    const pods = this.#sightings.listened
    for (const pod of pods) await this.#refresh(pod)
    this.#failures = 0
    const roundMs = Math.max(pollMs, (pods.length * 1_000) / pollsPerSecond)
    await pause(Math.max(0, startedAt + roundMs - clock.now()), { clock, signal: this.#end.signal })
  }

  /** @throws {KubeError} when that is refused or not answered. */
  async #refresh(pod: V1Pod): Promise<void> {
    const uid = uidOf(pod)
    try {
      const { namespace, signal } = this.#request
      const seen = await this.#options.api.getPod(namespace, pod.metadata?.name ?? '', {
        signal,
        isRetried: false,
      })
      if (uidOf(seen) === uid) this.#sightings.seen(seen)
      else this.#sightings.gone(uid)
    } catch (error) {
      if (!(error instanceof KubeError && error.kind === 'notFound')) throw error
      this.#sightings.gone(uid)
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
