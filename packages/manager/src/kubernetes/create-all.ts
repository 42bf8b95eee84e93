/** Creates the pods of a launch, some at once; one that is refused does not keep the others from being made. */

import { KubeError } from './kube-error.ts'
import type { PodWorker } from './pod-worker.ts'

export interface CreateAllOptions {
  readonly create: (worker: PodWorker) => Promise<void>
  readonly signal: AbortSignal
}

/** The API server is asked for so many at once. */
const atOnce = 32
/** What is refused to one for these is refused to all. */
const common: ReadonlySet<KubeError['kind']> = new Set([
  'unreachable',
  'unauthorized',
  'forbidden',
  'namespaceNotFound',
])

/**
 * Resolves as soon as one has been made, while the others still are, so that those that join first can be used.
 *
 * @throws the first refusal when none could be made.
 */
export async function createAll(workers: readonly PodWorker[], options: CreateAllOptions): Promise<void> {
  const first = Promise.withResolvers<void>()
  const waiting = [...workers]
  let failure: { readonly error: unknown } | undefined
  let isOver = false
  const lane = async (): Promise<void> => {
    for (let worker = waiting.shift(); worker !== undefined; worker = waiting.shift()) {
      try {
        if (isOver && failure !== undefined) throw failure.error
        options.signal.throwIfAborted()
        await options.create(worker)
        first.resolve()
      } catch (error) {
        failure ??= { error }
        isOver ||= error instanceof KubeError && common.has(error.kind)
        worker.notCreated(error)
      }
    }
  }
  const lanes = Promise.all(Array.from({ length: Math.min(atOnce, workers.length) }, lane))
  const all = lanes.then(() => {
    // After a first success this changes nothing.
    if (failure === undefined) first.resolve()
    else first.reject(failure.error)
  })
  await Promise.race([first.promise, all.then(() => first.promise)])
}
