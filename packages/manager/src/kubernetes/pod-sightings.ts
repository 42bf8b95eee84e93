/** What is known of a session's pods, and who wants to hear of which. Pods are told apart by their uid: names come again. */

import type { V1Pod } from '@kubernetes/client-node'
import { podInShort } from './pod-in-short.ts'

export interface PodSighting {
  /** As it was last seen. */
  readonly pod: V1Pod
  /** It is not there any more; nothing follows. */
  readonly isGone: boolean
}

export type PodListener = (sighting: PodSighting) => void

interface Known {
  pod: V1Pod
  listener: PodListener | undefined
}

/** Pods that went before somebody asked for them, of which the oldest are forgotten. */
const maxGone = 2_000

export class PodSightings {
  readonly #known = new Map<string, Known>()
  readonly #gone = new Map<string, V1Pod>()

  /** The pods that somebody listens to. */
  get listened(): readonly V1Pod[] {
    return [...this.#known.values()].filter(({ listener }) => listener !== undefined).map(({ pod }) => pod)
  }

  /** Tells what is known of a pod already, and from then on each change. One listener a pod. Gives what stops that. */
  listen(pod: V1Pod, listener: PodListener): () => void {
    const uid = uidOf(pod)
    const gone = this.#gone.get(uid)
    if (gone !== undefined) {
      listener({ pod: gone, isGone: true })
      return () => {}
    }
    const known = this.#known.get(uid) ?? { pod: podInShort(pod), listener }
    known.listener = listener
    this.#known.set(uid, known)
    listener({ pod: known.pod, isGone: false })
    return () => {
      if (known.listener === listener) known.listener = undefined
    }
  }

  seen(whole: V1Pod): void {
    const uid = uidOf(whole)
    const pod = podInShort(whole)
    const known = this.#known.get(uid)
    if (known === undefined) {
      // A list that was on its way for long may still have it.
      if (!this.#gone.has(uid)) this.#known.set(uid, { pod, listener: undefined })
      return
    }
    if (!isNewer(pod, known.pod)) return
    known.pod = pod
    known.listener?.({ pod, isGone: false })
  }

  /** @param last as the API server had it at the end, if it said */
  gone(uid: string, last?: V1Pod): void {
    const known = this.#known.get(uid)
    const pod = last === undefined ? known?.pod : podInShort(last)
    if (pod === undefined || this.#gone.has(uid)) return
    this.#known.delete(uid)
    this.#gone.set(uid, pod)
    const [oldest] = this.#gone.keys()
    if (this.#gone.size > maxGone && oldest !== undefined) this.#gone.delete(oldest)
    known?.listener?.({ pod, isGone: true })
  }

  /** Gives what takes a list of all pods that there are: those that were known when it was asked for and are not in it are gone. */
  reconciliation(): (pods: readonly V1Pod[]) => void {
    const before = [...this.#known.keys()]
    return (pods) => {
      const there = new Set(pods.map(uidOf))
      for (const uid of before) if (!there.has(uid)) this.gone(uid)
      for (const pod of pods) this.seen(pod)
    }
  }
}

export function uidOf(pod: V1Pod): string {
  return pod.metadata?.uid ?? ''
}

/** Resource versions are numbers that grow; where they are not, whatever came last counts. */
function isNewer(pod: V1Pod, than: V1Pod): boolean {
  const [a, b] = [versionOf(pod), versionOf(than)]
  return a === undefined || b === undefined || a > b
}

function versionOf({ metadata }: V1Pod): bigint | undefined {
  const version = metadata?.resourceVersion ?? ''
  return /^\d+$/.test(version) ? BigInt(version) : undefined
}
