/** Follows what workers write: each line once, also when the connection breaks, and bounded when a worker floods. */

import type { Clock } from '@dialback/runtime'
import type { V1Pod } from '@kubernetes/client-node'
import type { LineListener } from '../cluster-manager.ts'
import { LastLines } from '../last-lines.ts'
import type { KubeApi } from './kube-api.ts'
import { KubeError } from './kube-error.ts'
import { pause } from './kube-retry.ts'
import { LineLimiter } from './line-limiter.ts'
import { LogPosition } from './log-position.ts'
import { containerStatus } from './pod-facts.ts'
import { readLog } from './read-log.ts'
import { unheldClock } from './unheld-clock.ts'

export interface PodLogsOptions {
  readonly api: KubeApi
  readonly namespace: string
  readonly container: string
  /** Is told once when the cluster does not let us read logs. */
  readonly warn: (message: string) => void
  readonly clock?: Clock
}

const firstPauseMs = 250
const maxPauseMs = 5_000
/** So many lines may be on their way to whoever takes them; more of a pod's are left out. */
const mostUntaken = 1_000

/** The logs of all pods of a session. */
export class PodLogs {
  readonly #options: Required<PodLogsOptions>
  #isForbidden = false

  constructor(options: PodLogsOptions) {
    this.#options = { clock: unheldClock, ...options }
  }

  /** Begins as soon as a sighting says that there is something to read. */
  follow(pod: V1Pod, onLine: LineListener): PodLog {
    return new PodLog(pod, onLine, {
      ...this.#options,
      isForbidden: () => this.#isForbidden,
      forbid: (error) => {
        if (!this.#isForbidden) this.#options.warn(`What workers write is not shown: ${error.message}`)
        this.#isForbidden = true
      },
    })
  }
}

interface PodLogOptions extends Required<PodLogsOptions> {
  readonly isForbidden: () => boolean
  readonly forbid: (error: KubeError) => void
}

/** The log of one pod. Nothing of it keeps the process alive. */
export class PodLog implements AsyncDisposable {
  /** Resolves when there is nothing more to read. Never rejects. */
  readonly ended: Promise<void>
  /** Resolves when it is being read, or will not be. Never rejects. */
  readonly opened: Promise<void>
  readonly #name: string
  readonly #onLine: LineListener
  readonly #options: PodLogOptions
  readonly #lines = new LastLines()
  readonly #position = new LogPosition()
  readonly #limiter: LineLimiter
  readonly #end = new AbortController()
  #untaken = 0
  readonly #begun = Promise.withResolvers<void>()
  readonly #opened = Promise.withResolvers<void>()
  /** Fires when the container is known to have ended. */
  readonly #over = new AbortController()

  constructor(pod: V1Pod, onLine: LineListener, options: PodLogOptions) {
    this.#name = pod.metadata?.name ?? ''
    this.#onLine = onLine
    this.#options = options
    this.#limiter = new LineLimiter(options.clock.now())
    this.opened = this.#opened.promise
    this.ended = this.#run().finally(() => this.#opened.resolve())
    this.sighted(pod)
  }

  /** The last lines that it wrote, also those that were left out of a flood. */
  get lastLines(): readonly string[] {
    return this.#lines.all
  }

  /** Tells how the pod is now: when its container has started, and when it has ended. */
  sighted(pod: V1Pod): void {
    const state = containerStatus(pod, this.#options.container)?.state
    if (state?.terminated !== undefined) this.#over.abort()
    if (state?.terminated !== undefined || state?.running !== undefined) this.#begun.resolve()
  }

  /** Its container runs for certain: who watches the pod may hear of that only a second later. */
  started(): void {
    this.#begun.resolve()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    this.#begun.resolve()
    await this.ended
  }

  async #run(): Promise<void> {
    const { signal } = this.#end
    await this.#begun.promise
    let failures = 0
    while (!signal.aborted && !this.#options.isForbidden()) {
      // Known before it is read: what was written until then is in the log.
      const wasOver = this.#over.signal.aborted
      const outcome = await this.#read()
      if (outcome === 'gone' || (outcome === 'read' && wasOver)) break
      failures = outcome === 'failed' ? failures + 1 : 0
      const ms = Math.min(maxPauseMs, firstPauseMs * 2 ** failures)
      // Its last lines are not waited for long.
      const until = wasOver ? signal : AbortSignal.any([signal, this.#over.signal])
      await pause(ms, { clock: this.#options.clock, signal: until }).catch(() => {})
    }
    for (const line of this.#limiter.flush()) this.#show(line)
  }

  /** Reads to the end, which comes also when the node or the API server goes away; `cut`: not to there, but on. */
  async #read(): Promise<'read' | 'failed' | 'cut' | 'gone'> {
    const { api, namespace, container } = this.#options
    const { sinceTime } = this.#position
    const { signal } = this.#end
    this.#position.reopen()
    try {
      const stream = await api.podLog(namespace, this.#name, {
        container,
        signal,
        isFollowed: true,
        isTimestamped: true,
        ...(sinceTime !== undefined && { sinceTime }),
      })
      stream.hold(false)
      this.#opened.resolve()
      const { isBroken, hasNew } = await readLog(stream.body, this.#position, (line) => this.#take(line))
      if (stream.isWhole && !isBroken) return 'read'
      return hasNew ? 'cut' : 'failed'
    } catch (error) {
      if (error instanceof KubeError && error.kind === 'forbidden') this.#options.forbid(error)
      return error instanceof KubeError && error.kind === 'notFound' ? 'gone' : 'failed'
    }
  }

  #take(line: string): void {
    this.#lines.add(line)
    if (this.#untaken >= mostUntaken) this.#limiter.leaveOut()
    else for (const shown of this.#limiter.take(line, this.#options.clock.now())) this.#show(shown)
  }

  #show(line: string): void {
    const taken = this.#onLine(line)
    if (!(taken instanceof Promise)) return
    this.#untaken += 1
    void taken.finally(() => {
      this.#untaken -= 1
    })
  }
}
