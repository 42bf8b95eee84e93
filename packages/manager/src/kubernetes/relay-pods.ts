/**
 * The pod that is the relay of a session, and another one when it is gone: nodes are drained. Its Job would make one too, but
 * pauses for 10 s and more after each that ended, and workers wait for no longer than 15 s.
 */

import { setTimeout as delay } from 'node:timers/promises'
import type { V1Job, V1Pod } from '@kubernetes/client-node'
import type { Logger } from '../logger.ts'
import { finalCondition } from './job-facts.ts'
import type { KubeApi } from './kube-api.ts'
import { KubeError } from './kube-error.ts'
import { containerStatus, hasEnded } from './pod-facts.ts'
import { podWaiting } from './pod-waiting.ts'
import { RelayError } from './relay-error.ts'
import { relayComponent, replacementPod } from './relay-job.ts'
import { whyNoPod } from './why-no-pod.ts'

export interface RelayPodsOptions {
  readonly api: KubeApi
  readonly logger: Logger
  readonly namespace: string
  /** As the API server made it. */
  readonly job: V1Job
}

/** The relay starts in a second or two; a watch for that would ask for one more permission. */
const lookEveryMs = 200
/** Why there is none is asked after this, and so often: as a rule there is one before. */
const askWhyEveryMs = 2_000
/** Of those that live for less, each is replaced after twice the time of the one before. */
const shortLifeMs = 60_000
const firstPauseMs = 500

export class RelayPods {
  readonly #options: RelayPodsOptions
  readonly #job: string
  #latest: V1Pod | undefined
  #hasRun = false
  #askedWhyAt = performance.now()
  #replacedAt = Number.NEGATIVE_INFINITY
  #pauseMs = firstPauseMs

  constructor(options: RelayPodsOptions) {
    this.#options = options
    this.#job = options.job.metadata?.name ?? ''
  }

  /** As it was last seen; where none was made, what that one would say. */
  get latest(): V1Pod | undefined {
    return this.#latest
  }

  /**
   * Waits until the relay runs, and gives its pod.
   *
   * @throws {RelayError} when it cannot come, or its Job is gone; {KubeError}; the reason of `signal`.
   */
  async running(signal: AbortSignal): Promise<V1Pod> {
    for (;;) {
      const pod = await this.#find(signal)
      if (pod?.status?.phase === 'Running' && pod.status.podIP) {
        this.#hasRun = true
        return pod
      }
      if (this.#hasRun && pod === undefined) await this.#replace(signal)
      await delay(lookEveryMs, undefined, { signal })
    }
  }

  /** The one that is, or will be, the relay. */
  async #find(signal: AbortSignal): Promise<V1Pod | undefined> {
    const { api, namespace } = this.#options
    const labelSelector = `batch.kubernetes.io/job-name=${this.#job}`
    const { items } = await api.listPods(namespace, { labelSelector, signal })
    const living = items.filter(isAlive)
    const pod = living.find(({ status }) => status?.phase === 'Running') ?? living[0]
    this.#latest = pod ?? items[0] ?? (await this.#unmade(signal))
    const first = this.#hasRun ? pod : (pod ?? items[0])
    const waiting = first && podWaiting(first)
    // Its Secret may be a moment behind it.
    if (waiting?.isPermanent && waiting.reason !== 'CreateContainerConfigError')
      throw new RelayError(this.#job, first, false)
    return pod
  }

  /** Stands for a first pod that the cluster does not let the Job make, as for want of quota. */
  async #unmade(signal: AbortSignal): Promise<V1Pod | undefined> {
    if (this.#hasRun) return undefined
    if (performance.now() - this.#askedWhyAt < askWhyEveryMs) return this.#latest
    this.#askedWhyAt = performance.now()
    const { api, job } = this.#options
    const message = await whyNoPod(api, job, { signal, isRetried: false })
    if (message === undefined) return undefined
    return { status: { phase: 'Pending', reason: 'FailedCreate', message } }
  }

  async #replace(signal: AbortSignal): Promise<void> {
    const { api, namespace, logger } = this.#options
    await this.#checkJob(signal)
    const lifeMs = performance.now() - this.#replacedAt
    if (lifeMs < this.#pauseMs) return
    this.#pauseMs = lifeMs < shortLifeMs ? Math.min(shortLifeMs, 2 * this.#pauseMs) : firstPauseMs
    this.#replacedAt = performance.now()
    try {
      const pod = await api.createPod(namespace, replacementPod(this.#options.job), { signal })
      logger.info(`The relay's pod is gone: ${pod.metadata?.name} takes its place`)
    } catch (error) {
      if (!(error instanceof KubeError)) throw error
      // Its Job will.
      logger.warn(`Cannot put another pod in the place of the relay's: ${error.message}`)
    }
  }

  /** @throws {RelayError} when all that it owns goes, or is gone. */
  async #checkJob(signal: AbortSignal): Promise<void> {
    const { api, namespace, job } = this.#options
    try {
      const there = await api.getJob(namespace, this.#job, { signal })
      const isIt = there.metadata?.uid === job.metadata?.uid
      const isOver = there.metadata?.deletionTimestamp !== undefined || finalCondition(there) !== undefined
      if (isIt && !isOver) return
    } catch (error) {
      if (!(error instanceof KubeError && error.kind === 'notFound')) throw error
    }
    throw RelayError.ended(this.#job)
  }
}

/** What the cluster has added to it may run on after the relay's end. */
function isAlive(pod: V1Pod): boolean {
  const isOver = containerStatus(pod, relayComponent)?.state?.terminated !== undefined
  return pod.metadata?.deletionTimestamp === undefined && !hasEnded(pod) && !isOver
}
