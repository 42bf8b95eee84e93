/** How the workers of a launch reach the manager. */

import type { V1OwnerReference } from '@kubernetes/client-node'
import type { Door, LaunchContext } from '../cluster-manager.ts'
import type { ResolvedK8sOptions } from './k8s-options.ts'
import type { KubeApi } from './kube-api.ts'
import type { LaunchPlace } from './launch-place.ts'

export interface Route {
  /** What workers dial. */
  readonly url: string
  /** What they belong to, where the manager is no pod. */
  readonly owner?: V1OwnerReference
}

export interface RouteOptions {
  readonly api: KubeApi
  readonly session: string
  readonly door: Door
  readonly place: LaunchPlace
  readonly options: ResolvedK8sOptions
  readonly context: LaunchContext
}

/** @throws {Error} when there is no way. */
export async function chooseRoute({ door, place, options }: RouteOptions): Promise<Route> {
  const { advertise } = options
  if (advertise !== undefined) {
    await door.listenOn(Number(advertise.slice(advertise.lastIndexOf(':') + 1)))
    return { url: `wss://${advertise}` }
  }
  const address = place.ownPod?.status?.podIP
  if (address === undefined)
    throw new Error('Cannot tell which address of this machine pods reach: give it with the option advertise')
  return { url: `wss://${address.includes(':') ? `[${address}]` : address}:${door.port}` }
}
