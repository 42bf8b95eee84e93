/** Why the relay of a manager outside of the cluster does not run. */

import type { V1Pod } from '@kubernetes/client-node'
import { podWaiting } from './pod-waiting.ts'

/** The pod of the relay, which has the workers' image, does not come up: neither would they. */
export class RelayError extends Error {
  override readonly name = 'RelayError'
  /** Kubernetes' own word, for example `ErrImagePull`. */
  readonly reason: string
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
    const { phase, reason = phase, message } = podWaiting(pod ?? {})
    super(`Cannot start the relay, Job "${job}": ${reason}${message === undefined ? '' : `: ${message}`}`)
    this.reason = reason
    this.status = pod?.status ?? {}
    this.isLate = isLate
  }
}
