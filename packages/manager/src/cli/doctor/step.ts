/** What is looked at together, and what has to be in order before. */

import type { ResolvedK8sOptions } from '../../kubernetes/k8s-options.ts'
import type { KubeApi } from '../../kubernetes/kube-api.ts'
import type { LaunchPlace } from '../../kubernetes/launch-place.ts'
import type { PermissionUser } from '../../kubernetes/permissions.ts'
import type { Logger } from '../../logger.ts'
import type { Check, Finding } from './finding.ts'

/** The cluster that is looked at, and the workers that are to run there. */
export interface Patient {
  readonly api: KubeApi
  readonly namespace: string
  readonly options: ResolvedK8sOptions
  /** Where a worker would be. @throws as `findLaunchPlace` does */
  readonly place: () => Promise<LaunchPlace>
  /** Whether it is to run scripts of `dialback submit`; else workers of a manager that is here. */
  readonly isForSubmit: boolean
  /** Whether this process is in the cluster. */
  readonly isInside: boolean
  /** For each pod that is tried. */
  readonly timeoutMs: number
  readonly logger: Logger
  /** Ends it; what was made is removed all the same. */
  readonly signal: AbortSignal
}

export interface Step {
  readonly checks: readonly [Check, ...Check[]]
  /** What has to be in order before. */
  readonly needs: readonly Check[]
  /** Whose permissions it needs, those that one can do without aside. */
  readonly permissionsOf: readonly PermissionUser[]
  readonly run: (patient: Patient) => Promise<readonly Finding[]>
}
