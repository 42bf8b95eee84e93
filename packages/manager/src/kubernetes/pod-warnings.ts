/**
 * What the cluster says, in events, of pods that wait while their status does not tell what for: a volume that cannot be
 * mounted, a network that cannot be set up.
 */

import type { CoreV1Event, V1Pod } from '@kubernetes/client-node'
import type { KubeApi } from './kube-api.ts'
import { KubeError } from './kube-error.ts'
import { isUnexplained } from './pod-waiting.ts'
import { unheldClock } from './unheld-clock.ts'

/** Long enough for most to start: of those nobody asks. */
const lookEveryMs = 5_000
/** Pods of one launch wait for the same, so a few stand for all at first; the others have their turn. */
const mostAtOnce = 4
const mostCharacters = 500

export interface PodWarningsOptions {
  readonly api: Pick<KubeApi, 'listEvents'>
  readonly clock?: Pick<typeof unheldClock, 'after'>
}

export class PodWarnings {
  readonly #api: Pick<KubeApi, 'listEvents'>
  readonly #clock: Pick<typeof unheldClock, 'after'>
  /** Those that wait for what is not told, by name. */
  readonly #waiting = new Map<string, V1Pod>()
  readonly #warnings = new Map<string, string>()
  #isLooking = false

  constructor({ api, clock = unheldClock }: PodWarningsOptions) {
    this.#api = api
    this.#clock = clock
  }

  /** The last warning of a pod that waits, such as `FailedMount: MountVolume.SetUp failed for volume "data"`. */
  of(name: string): string | undefined {
    return this.#warnings.get(name)
  }

  /** The pod as it is now. */
  sighted(pod: V1Pod): void {
    const name = pod.metadata?.name ?? ''
    if (!isUnexplained(pod)) return this.forget(name)
    this.#waiting.set(name, pod)
    if (this.#isLooking) return
    this.#isLooking = true
    this.#clock.after(lookEveryMs, this.#look)
  }

  forget(name: string): void {
    this.#waiting.delete(name)
    this.#warnings.delete(name)
  }

  readonly #look = (): void => {
    void this.#lookAtSome().then((mayGoOn) => {
      if (mayGoOn && this.#waiting.size > 0) this.#clock.after(lookEveryMs, this.#look)
      // Whoever may not read events is not asked again.
      else this.#isLooking = !mayGoOn
    })
  }

  /** Resolves to whether it may be asked again. Never rejects. */
  async #lookAtSome(): Promise<boolean> {
    const some = [...this.#waiting].slice(0, mostAtOnce)
    // They go to the end: those behind them may wait for something else.
    for (const [name, pod] of some) {
      this.#waiting.delete(name)
      this.#waiting.set(name, pod)
    }
    try {
      await Promise.all(some.map(async ([, pod]) => await this.#lookAt(pod)))
    } catch (error) {
      return !(error instanceof KubeError && error.kind === 'forbidden')
    }
    return true
  }

  async #lookAt({ metadata }: V1Pod): Promise<void> {
    const { namespace = '', name = '', uid } = metadata ?? {}
    const events = await this.#api.listEvents(namespace, { kind: 'Pod', name }, { isRetried: false })
    const warning = lastWarning(events.filter(({ involvedObject }) => involvedObject.uid === uid))
    // It may have started, or be gone, meanwhile.
    if (warning !== undefined && this.#waiting.has(name)) this.#warnings.set(name, warning)
  }
}

/** Pure: in the words of the cluster. */
function lastWarning(events: readonly CoreV1Event[]): string | undefined {
  const last = events
    .filter(({ type }) => type === 'Warning')
    .toSorted((a, b) => timeOf(a).localeCompare(timeOf(b)))
    .at(-1)
  return last && `${last.reason ?? last.type}: ${(last.message ?? '').trim().slice(0, mostCharacters)}`
}

/** When it was last seen, as a text of RFC 3339. */
function timeOf({ series, lastTimestamp, eventTime, metadata }: CoreV1Event): string {
  return String(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '')
}
