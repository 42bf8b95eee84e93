/** Why the relay of a manager outside of the cluster does not run. */

import type { V1Pod } from '@kubernetes/client-node'
import { podExit } from './pod-exit.ts'
import { podWaiting } from './pod-waiting.ts'
import { relayComponent } from './relay-job.ts'

/** The pod of the relay, which has the workers' image, does not come up: neither would they. */
export class RelayError extends Error {
  override readonly name = 'RelayError'
  /** Kubernetes' own word, for example `ErrImagePull`. */
  readonly reason: string
  /** The same with what Kubernetes has to say about it. */
  readonly why: string
  /** The pod's, as the API server gave it. */
  readonly status: object
  /** It may still come, but has been waited for long enough. */
  readonly isLate: boolean

  /** The Job is over, or gone, and with it goes all that it owns. */
  static ended(job: string): RelayError {
    return new RelayError(
      job,
      { status: { phase: 'Failed', reason: 'JobGone', message: 'it has ended, or was deleted' } },
      false,
    )
  }

  constructor(job: string, pod: V1Pod | undefined, isLate: boolean) {
    const { reason, message } = whyNot(pod ?? {})
    const why = message === undefined ? reason : `${reason}: ${message}`
    super(`Cannot start the relay, Job "${job}": ${why}`)
    this.reason = reason
    this.why = why
    this.status = pod?.status ?? {}
    this.isLate = isLate
  }
}

/** Its container's end says more than that of its pod, if there was one. */
function whyNot(pod: V1Pod): { readonly reason: string; readonly message: string | undefined } {
  const exit = podExit(pod, { container: relayComponent })
  if (exit !== undefined && exit.reason !== 'Unknown') return { reason: exit.reason, message: exit.detail }
  const { phase, reason = phase, message } = podWaiting(pod)
  return { reason, message }
}
