/** How the workers of a launch reach the manager, and what they belong to. */

import { randomInt } from 'node:crypto'
import { dirname, join } from 'node:path/posix'
import type { V1OwnerReference } from '@kubernetes/client-node'
import type { Door } from '../cluster-manager.ts'
import type { ConnectionChoice } from './connection-choice.ts'
import type { ResolvedK8sOptions } from './k8s-options.ts'
import { KubeError } from './kube-error.ts'
import type { LaunchPlace } from './launch-place.ts'
import { OutsideSession } from './outside-session.ts'
import { podNames } from './pod-names.ts'
import type { PodSession } from './pod-session.ts'

export interface Route {
  /** What workers dial. */
  readonly url: string
  /** What they belong to, where the manager is no pod. */
  readonly owner?: V1OwnerReference
}

export interface RouteOptions {
  readonly session: PodSession
  readonly door: Door
  readonly place: LaunchPlace
  readonly options: ResolvedK8sOptions
  /** Fires when nobody waits for the workers any more. */
  readonly signal: AbortSignal
}

/** @throws {RelayError} when the relay does not run, in the time that workers have to join. @throws {Error} when there is no way. */
export async function chooseRoute(route: RouteOptions): Promise<Route> {
  const { session, door, place, options } = route
  const { advertise, connection } = options
  if (advertise !== undefined) await door.listenOn(Number(advertise.slice(advertise.lastIndexOf(':') + 1)))
  const address = place.ownPod?.status?.podIP
  if (address !== undefined && connection !== 'tunnel')
    return { url: `wss://${advertise ?? `${address.includes(':') ? `[${address}]` : address}:${door.port}`}` }
  try {
    const outside = await session.outside(async () => await createOutside(route))
    const choice = await approachInTime(outside, route)
    return { url: `wss://${choice.address}`, owner: outside.owner }
  } catch (error) {
    // Who says what to dial can do without the relay, if it must be.
    if (!(error instanceof KubeError && error.kind === 'forbidden' && isAdvertised(options))) throw error
    session.logger.warn(`Nothing removes the workers if this process is killed: ${error.message}`)
    return { url: `wss://${advertise}` }
  }
}

async function approachInTime(outside: OutsideSession, route: RouteOptions): Promise<ConnectionChoice> {
  const { door, signal } = route
  const { advertise, connection, pendingTimeoutMs } = route.options
  const patience = AbortSignal.timeout(pendingTimeoutMs)
  try {
    const until = AbortSignal.any([signal, patience])
    return await outside.approach({ door, connection, advertise, signal: until })
  } catch (error) {
    throw patience.aborted && error === patience.reason ? outside.lateness() : error
  }
}

function isAdvertised({ advertise, connection }: ResolvedK8sOptions): boolean {
  return advertise !== undefined && connection !== 'tunnel'
}

async function createOutside({ session, place, options }: RouteOptions): Promise<OutsideSession> {
  const { namespace, prefix, image, command } = place
  const [name = prefix] = podNames(prefix.replace(/-worker$/, '-relay'), 1, (below) => randomInt(below))
  const [program = 'node', agent = ''] = command
  return await OutsideSession.create({
    api: session.api,
    logger: session.logger,
    lost: () => session.forgetOutside(),
    name,
    namespace,
    session: session.id,
    image,
    command: [program, join(dirname(agent), 'relay.js')],
    imagePullPolicy: options.imagePullPolicy,
  })
}
