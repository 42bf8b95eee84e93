/** Lists pods, some at a time: to parse a thousand at once would block this process for a tenth of a second. */

import type { V1Pod } from '@kubernetes/client-node'
import type { KubeApi, ListOptions } from './kube-api.ts'
import { podInShort } from './pod-in-short.ts'
import { recordOf, textOf } from './untyped.ts'

export interface PodList {
  readonly pods: readonly V1Pod[]
  /** From which a watch goes on. */
  readonly resourceVersion: string
}

/** Of so many, parsing takes about 10 ms. */
const podsOfPage = 100

/** Gives what is kept of each, all as they were at one moment. @throws {KubeError} when a page is refused. */
export async function listPods(
  api: KubeApi,
  namespace: string,
  options: Omit<ListOptions, 'limit' | 'continue'>,
): Promise<PodList> {
  const pods: V1Pod[] = []
  for (let next: string | undefined; ; ) {
    const page = { ...options, limit: podsOfPage, ...(next !== undefined && { continue: next }) }
    const { items, metadata } = await api.listPods(namespace, page)
    pods.push(...items.map(podInShort))
    // As the API server has it; where the client's types come from, it has another name.
    next = textOf(recordOf(metadata)?.['continue'])
    if (next === undefined) return { pods, resourceVersion: metadata?.resourceVersion ?? '' }
  }
}
