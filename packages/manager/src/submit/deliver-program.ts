/** Brings a program that is too large for a ConfigMap to the pod that waits for it, by a port-forward. */

import { pipeline } from 'node:stream/promises'
import { systemClock } from '@dialback/runtime'
import type { V1Pod } from '@kubernetes/client-node'
import type { KubeApi } from '../kubernetes/kube-api.ts'
import { KubeError } from '../kubernetes/kube-error.ts'
import { pause } from '../kubernetes/kube-retry.ts'
import { openPortForward } from '../kubernetes/port-forward.ts'
import { lookAgain } from './follow-log.ts'
import { isOver } from './job-state.ts'
import type { Patience } from './patiently.ts'
import { programPort } from './submission-job.ts'

export interface DeliverOptions extends Patience {
  readonly api: KubeApi
  readonly bytes: Buffer
}

/** The container listens as soon as Node has started. */
const retryMs = 500
/** Small enough that what is on its way is not all in memory twice. */
const pieceBytes = 262_144

/**
 * Tries until the pod has taken it, or its container has ended.
 *
 * @throws {KubeError} when a port-forward is refused; the reason of the signal.
 */
export async function deliverProgram(pod: V1Pod, options: DeliverOptions): Promise<void> {
  const { signal } = options
  for (;;) {
    try {
      if (await deliverOnce(pod, options)) return
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof KubeError && !mayPass.has(error.kind)) throw error
    }
    const seen = await lookAgain(pod, options)
    if (seen === undefined || isOver(seen)) return
    await pause(retryMs, { clock: systemClock, signal })
  }
}

const mayPass: ReadonlySet<KubeError['kind']> = new Set(['unreachable', 'tooManyRequests', 'server'])

/** Gives whether the pod has said that it has all of it. */
async function deliverOnce({ metadata }: V1Pod, { api, bytes, signal }: DeliverOptions): Promise<boolean> {
  const { name = '', namespace = '' } = metadata ?? {}
  const { stream } = await openPortForward(api, { namespace, pod: name, port: programPort }, signal)
  let answer = ''
  const answered = new Promise<boolean>((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1')
      if (answer.startsWith(taken)) resolve(true)
    })
    stream.on('close', () => resolve(answer.startsWith(taken)))
  })
  try {
    await pipeline(pieces(bytes), stream, { end: false, signal })
    return await answered
  } finally {
    stream.destroy()
  }
}

/** What start-program answers. */
const taken = 'taken'

function* pieces(bytes: Buffer): Generator<Buffer, void, void> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}
