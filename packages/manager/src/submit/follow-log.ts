/** Reads the log of a container from its first line to its last, each line once, however often the connection breaks. */

import { systemClock } from '@dialback/runtime'
import type { V1Pod } from '@kubernetes/client-node'
import type { KubeApi } from '../kubernetes/kube-api.ts'
import type { KubeStream } from '../kubernetes/kube-client.ts'
import { KubeError } from '../kubernetes/kube-error.ts'
import { pause } from '../kubernetes/kube-retry.ts'
import { LogPosition } from '../kubernetes/log-position.ts'
import { readLog } from '../kubernetes/read-log.ts'
import { isOver } from './job-state.ts'
import type { LineWriter } from './line-writer.ts'
import { type Patience, patiently } from './patiently.ts'
import { managerContainer } from './submission-job.ts'

export interface FollowLogOptions {
  readonly api: KubeApi
  readonly lines: LineWriter
  /** Is told why nothing can be read. */
  readonly tell: (sentence: string) => void
  readonly signal: AbortSignal
}

const firstPauseMs = 250
const maxPauseMs = 5_000
/** The log of a container that has ended may be gone, as its node may be. */
const maxFailuresAtEnd = 8

/**
 * Resolves once all is read, with the pod as it then is: its container has ended, or it is gone.
 *
 * @param pod whose container has started
 * @throws {KubeError} when that is refused for good; the reason of the signal.
 */
export async function followLog(pod: V1Pod, options: FollowLogOptions): Promise<V1Pod> {
  const { signal } = options
  const position = new LogPosition()
  let seen = pod
  let failures = 0
  for (;;) {
    // Known before it is read: what was written until then is in the log.
    const wasOver = isOver(seen)
    const outcome = await readOnce(seen, position, { ...options, isFollowed: !wasOver })
    if (outcome === 'gone') return seen
    if (wasOver && outcome === 'read') return seen
    failures = outcome === 'failed' ? failures + 1 : 0
    if (wasOver && failures > maxFailuresAtEnd) {
      options.tell('The rest of the log cannot be read')
      return seen
    }
    await pause(Math.min(maxPauseMs, firstPauseMs * 2 ** failures), { clock: systemClock, signal })
    const now = await lookAgain(seen, options)
    if (now === undefined) return seen
    seen = now
  }
}

/** The same pod as it is now; undefined when it is gone. */
export async function lookAgain(
  { metadata }: V1Pod,
  options: Patience & Pick<FollowLogOptions, 'api'>,
): Promise<V1Pod | undefined> {
  const { name = '', namespace = '', uid } = metadata ?? {}
  const { api, signal } = options
  try {
    const pod = await patiently(async () => await api.getPod(namespace, name, { signal }), options)
    return pod.metadata?.uid === uid ? pod : undefined
  } catch (error) {
    if (error instanceof KubeError && error.kind === 'notFound') return undefined
    throw error
  }
}

/** Reads what is there, or to the end when it is followed; `cut`: not to there, but on. @throws {KubeError} as `followLog` */
export async function readOnce(
  pod: V1Pod,
  position: LogPosition,
  options: FollowLogOptions & { readonly isFollowed: boolean },
): Promise<'read' | 'failed' | 'cut' | 'gone'> {
  try {
    const stream = await openLog(pod, position, options)
    const { body } = stream
    const { isBroken, hasNew } = await readLog(body, position, (line) => options.lines.write(line, body))
    options.signal.throwIfAborted()
    if (stream.isWhole && !isBroken) return 'read'
    return hasNew ? 'cut' : 'failed'
  } catch (error) {
    if (!(error instanceof KubeError)) throw error
    if (error.kind === 'notFound') return 'gone'
    // The kubelet answers with the first line only.
    if (options.isFollowed && error.reason === 'ETIMEDOUT') return 'read'
    if (error.kind === 'forbidden' || error.kind === 'unauthorized') throw error
    options.tell(`The log cannot be read at the moment: ${error.message}`)
    return 'failed'
  }
}

async function openLog(
  { metadata }: V1Pod,
  position: LogPosition,
  { api, signal, isFollowed }: FollowLogOptions & { readonly isFollowed: boolean },
): Promise<KubeStream> {
  const { name = '', namespace = '' } = metadata ?? {}
  const { sinceTime } = position
  position.reopen()
  return await api.podLog(namespace, name, {
    container: managerContainer,
    signal,
    isFollowed,
    isTimestamped: true,
    ...(sinceTime !== undefined && { sinceTime }),
  })
}
