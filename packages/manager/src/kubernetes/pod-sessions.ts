/** Who shares a session: managers of one cluster whose pods the same watch and the same relay serve. */

import { isDeepStrictEqual } from 'node:util'
import type { Door } from '../cluster-manager.ts'
import type { ResolvedK8sOptions } from './k8s-options.ts'
import type { KubeContext } from './kubeconfig.ts'
import type { LaunchPlace } from './launch-place.ts'
import type { PodSession } from './pod-session.ts'

/**
 * What has to be the same for that. The relay has the image of the first: one that is not to be had keeps only those from
 * starting that asked for it.
 */
export interface SessionFacts
  extends Pick<LaunchPlace, 'namespace' | 'image' | 'imagePullPolicy' | 'imagePullSecrets'>,
    Pick<ResolvedK8sOptions, 'connection' | 'advertise'> {
  readonly context: KubeContext
}

interface KnownSession {
  readonly facts: SessionFacts
  readonly session: PodSession
}

/** By the door that the pods of a cluster come through. */
const known = new WeakMap<Door, KnownSession[]>()

export function sharedSession(door: Door, facts: SessionFacts, create: () => PodSession): PodSession {
  const sessions = known.get(door) ?? []
  known.set(door, sessions)
  const found = sessions.find((each) => isDeepStrictEqual(each.facts, facts))
  if (found !== undefined) return found.session
  const session = create()
  sessions.push({ facts, session })
  return session
}
