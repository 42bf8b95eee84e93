/** One worker that is a pod: from before it is created until its last word is told and nothing of it is left. */

import type { PodIdentity, WorkerExit } from '@dialback/protocol'
import type { V1Pod } from '@kubernetes/client-node'
import type { LaunchedWorker, LineListener } from '../cluster-manager.ts'
import type { Logger } from '../logger.ts'
import type { KubeApi } from './kube-api.ts'
import { KubeError } from './kube-error.ts'
import { isFinalExit, lastLinesOf, type PodExitOptions, podExit } from './pod-exit.ts'
import { podIdentity } from './pod-facts.ts'
import { workerIdLabel } from './pod-labels.ts'
import { lastLinesCome, PodLines } from './pod-lines.ts'
import type { PodLog } from './pod-logs.ts'
import { lostPodExit, type PodLoss, silentPodExit, silentPodWord } from './pod-lost.ts'
import { workerContainer } from './pod-manifest.ts'
import { podState } from './pod-state.ts'
import { podWaiting, waitingText } from './pod-waiting.ts'
import { Timeline } from './timeline.ts'

export type KeepPods = 'never' | 'onFailure' | 'always'

export interface PodWorkerOptions {
  readonly name: string
  readonly namespace: string
  readonly threads: number
  readonly api: KubeApi
  readonly keepPods: KeepPods
  readonly logger: Logger
  /** The last warning of the cluster about a pod that waits. */
  readonly warningOf: (name: string) => string | undefined
  /** Gives the lines that the pod writes. */
  readonly follow: (pod: V1Pod, onLine: LineListener) => PodLog
  /** Removes what was there for this worker, once its pod is gone. Never rejects. */
  readonly release: (worker: PodWorker) => Promise<void>
  /** Its worker fell silent: sees to it that it is not waited for without end. */
  readonly fellSilent: (worker: PodWorker) => void
}

/** The pod's own verdict comes about a second after its container's. */
const verdictMs = 2_500
/** What was asked to end and never told that it did is given up after this. */
const endMs = 10_000
/**
 * As long as it is waited for before it is killed: once its pod is deleted for good, a node that was given more time for
 * the process does not hear that there is less.
 */
const terminateGraceSeconds = 5
/** The least that makes a node tell how the container ended before the pod is gone: without any it is gone at once. */
const silentGraceSeconds = 1

export class PodWorker implements LaunchedWorker {
  readonly name: string
  readonly threads: number
  readonly exited: Promise<WorkerExit>
  readonly gone: Promise<void>
  readonly #options: PodWorkerOptions
  readonly #settled = Promise.withResolvers<WorkerExit>()
  readonly #removed = Promise.withResolvers<void>()
  readonly #timeline = new Timeline()
  readonly #lines = new PodLines()
  #pod: V1Pod | undefined
  #log: PodLog | undefined
  #keepAlive: NodeJS.Timeout | undefined
  #verdictTimer: NodeJS.Timeout | undefined
  #hasJoined = false
  #isOver = false
  #isDeleted = false
  #isKept = false
  /** Somebody asked for its end. */
  #isEnding = false
  #isSilent = false

  constructor(options: PodWorkerOptions) {
    this.#options = options
    this.name = options.name
    this.threads = options.threads
    this.exited = this.#settled.promise
    this.gone = this.#removed.promise.then(async () => await options.release(this))
    this.hold(true)
  }

  get pod(): PodIdentity | undefined {
    return this.#pod && podIdentity(this.#pod)
  }

  /** Its pod stays although it has ended. */
  get isKept(): boolean {
    return this.#isKept
  }

  get lastWord(): Partial<WorkerExit> | undefined {
    return this.#pod && silentPodWord(this.#pod, this.#reading)
  }

  get status(): object {
    return this.#pod?.status ?? {}
  }

  get waitingFor(): string | undefined {
    return this.#pod && waitingText(this.#pod, this.#options.warningOf(this.name))
  }

  onLine(listener: LineListener): void {
    this.#lines.listen(listener)
  }

  hold(isHeld: boolean): void {
    clearInterval(this.#keepAlive)
    this.#keepAlive = isHeld ? setInterval(() => {}, 2 ** 30) : undefined
  }

  joined(workerId: number): void {
    this.#hasJoined = true
    this.#timeline.note('joined')
    this.#log?.started()
    const labels = { [workerIdLabel]: String(workerId) }
    this.#options.api
      .patchPod(this.#options.namespace, this.name, { metadata: { labels } })
      .catch((error) => {
        // Nice to have, and some may not patch.
        this.#options.logger.debug(`Cannot label pod ${this.name}: ${messageOf(error)}`)
      })
  }

  leaving(): void {
    this.#isEnding = true
    this.#timeline.note('asked to end')
  }

  silent(): void {
    if (this.#isOver) return
    // Nobody has called it yet, and somebody waits until nothing of it is left.
    if (!this.#hasJoined) return this.end('kill')
    this.#isEnding = true
    this.#isSilent = true
    this.#timeline.note('silent')
    void this.#delete(silentGraceSeconds)
    this.#options.fellSilent(this)
  }

  end(how: 'terminate' | 'kill'): void {
    if (this.#isOver) return
    this.#isEnding = true
    this.#timeline.note(how === 'kill' ? 'killed' : 'asked to terminate')
    void this.#delete(how === 'kill' ? 0 : terminateGraceSeconds)
    if (how === 'kill') this.#giveUpAfter(endMs, 'unreachable')
  }

  /** The manager is done with it: its end is as good as here, once what it wrote before that has come. */
  async abandon(): Promise<void> {
    if (!this.#isEnding) await this.#lines.untilQuiet(this.#log)
    this.end('kill')
    this.#finish({ reason: 'Removed', blame: 'requested' })
  }

  /** The API server has made it. */
  created(pod: V1Pod): void {
    this.#timeline.note('created')
    this.#log = this.#options.follow(pod, (line) => this.#lines.take(line))
    this.update(pod)
    if (this.#isEnding) void this.#delete(0)
  }

  /** The API server did not make it, or was not asked to. */
  notCreated(error: unknown): void {
    const reason = error instanceof KubeError ? error.reason : 'NotCreated'
    this.#finish({ reason, detail: messageOf(error), blame: 'configuration' })
  }

  /** The pod as it is now. */
  update(pod: V1Pod): void {
    if (this.#isOver || (this.#pod !== undefined && this.#pod.metadata?.uid !== pod.metadata?.uid)) return
    this.#pod = pod
    this.#timeline.note(podState(pod, workerContainer))
    this.#log?.sighted(pod)
    const exit = podExit(pod, this.#reading)
    if (exit === undefined) this.#refuse(pod)
    else if (isFinalExit(exit, pod) || this.#isEnding) this.#finish(exit)
    // What ended the pod as a whole outranks how its container ended, and may be told only now.
    else this.#verdictTimer ??= setTimeout(() => this.#finishAsIs(), verdictMs)
  }

  /** The pod is not there any more. */
  deleted(last: V1Pod | undefined): void {
    this.#isDeleted = true
    this.#timeline.note('deleted')
    this.lost('deleted', last)
    this.#removed.resolve()
  }

  /** Nothing more will be heard of it. */
  lost(loss: PodLoss, last: V1Pod | undefined = this.#pod): void {
    this.#finish(lostPodExit(loss, last ?? this.#pod, this.#reading))
  }

  get #reading(): PodExitOptions {
    return { container: workerContainer, lines: this.#log?.lastLines ?? [] }
  }

  /** Ends the wait for one that can no longer come. */
  #refuse(pod: V1Pod): void {
    if (this.#hasJoined || this.#isEnding) return
    const { isPermanent, reason = 'Unknown', message } = podWaiting(pod)
    if (!isPermanent) return
    const facts = { pod: podIdentity(pod), status: pod.status }
    this.#finish({
      reason,
      ...(message !== undefined && { detail: message }),
      blame: 'configuration',
      ...facts,
    })
  }

  #finishAsIs(): void {
    const exit = this.#pod && podExit(this.#pod, this.#reading)
    if (exit !== undefined) this.#finish(exit)
  }

  #giveUpAfter(ms: number, loss: PodLoss): void {
    const timer = setTimeout(() => {
      this.lost(loss)
      this.#removed.resolve()
    }, ms)
    void this.gone.then(() => clearTimeout(timer))
  }

  #finish(exit: WorkerExit): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#verdictTimer)
    this.#timeline.note(`ended: ${exit.reason}`)
    void this.#tell(this.#isSilent ? silentPodExit(exit, this.#pod, this.#reading) : exit)
  }

  async #tell(exit: WorkerExit): Promise<void> {
    await lastLinesCome(this.#log)
    const lines = this.#pod === undefined ? [] : lastLinesOf(this.#pod, this.#reading)
    void this.#log?.[Symbol.asyncDispose]()
    this.#settled.resolve({
      ...exit,
      ...(lines.length > 0 && { logs: lines }),
      timeline: this.#timeline.entries,
    })
    this.hold(false)
    if (this.#pod === undefined || this.#isDeleted) return this.#removed.resolve()
    const { keepPods } = this.#options
    this.#isKept = keepPods === 'always' || (keepPods === 'onFailure' && exit.exitCode !== 0)
    if (this.#isKept) this.#removed.resolve()
    else await this.#delete(0)
  }

  async #delete(gracePeriodSeconds: number): Promise<void> {
    const { api, namespace, logger } = this.#options
    const uid = this.#pod?.metadata?.uid
    // Not made yet: it is deleted once it is.
    if (uid === undefined) return
    try {
      await api.deletePod(namespace, this.name, { gracePeriodSeconds, uid })
      if (gracePeriodSeconds === 0) this.deleted(this.#pod)
    } catch (error) {
      logger.warn(`Cannot delete pod ${this.name}: ${messageOf(error)}`)
      if (this.#isOver) this.#removed.resolve()
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
