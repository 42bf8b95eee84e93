/** How the workers of a launch reach the manager, and what they belong to. */

import { randomInt } from 'node:crypto'
import { dirname, join } from 'node:path/posix'
import type { V1OwnerReference } from '@kubernetes/client-node'
import type { Door } from '../cluster-manager.ts'
import { type AwaitedWorker, tellWaiting } from '../joining-progress.ts'
import type { ConnectionChoice } from './connection-choice.ts'
import type { ResolvedK8sOptions } from './k8s-options.ts'
import { KubeError } from './kube-error.ts'
import type { LaunchPlace } from './launch-place.ts'
import { OutsideSession } from './outside-session.ts'
import type { PodSession } from './pod-session.ts'
import { relayName } from './relay-job.ts'

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
  const { session, place, options } = route
  const { connection } = options
  const known = await knownAddress(route)
  const url = known !== undefined && connection !== 'tunnel' ? `wss://${known}` : undefined
  // What is in another namespace than its manager's pod cannot belong to that.
  if (url !== undefined && place.ownPod !== undefined && place.owner !== undefined) return { url }
  try {
    const outside = await session.outside(async () => await createOutside(route))
    const choice = await approachInTime(outside, route, known)
    return { url: `wss://${choice.address}`, owner: outside.owner }
  } catch (error) {
    // Who knows what to dial can do without the relay, if it must be.
    if (!(error instanceof KubeError && error.kind === 'forbidden' && url !== undefined)) throw error
    session.logger.warn(`Nothing removes the workers if this process is killed: ${error.message}`)
    return { url }
  }
}

/** What workers are to dial, where that need not be found out. */
async function knownAddress({ door, place, options }: RouteOptions): Promise<string | undefined> {
  const { advertise } = options
  if (advertise !== undefined) {
    const port = Number(advertise.slice(advertise.lastIndexOf(':') + 1))
    try {
      await door.listenOn(port)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new Error(`Cannot listen on port ${port}, that of the option advertise: ${why}`, { cause: error })
    }
    return advertise
  }
  const address = place.ownPod?.status?.podIP
  return address && `${address.includes(':') ? `[${address}]` : address}:${door.port}`
}

async function approachInTime(
  outside: OutsideSession,
  route: RouteOptions,
  advertise: string | undefined,
): Promise<ConnectionChoice> {
  const { door, signal } = route
  const { np, connection, pendingTimeoutMs } = route.options
  const patience = AbortSignal.timeout(pendingTimeoutMs)
  // Theirs is the image that it waits for, and it is told as they would.
  const stopTelling = tellWaiting(Array(np).fill(awaiting(outside)), route.session.logger)
  try {
    const until = AbortSignal.any([signal, patience])
    return await outside.approach({ door, connection, advertise, signal: until })
  } catch (error) {
    throw patience.aborted && error === patience.reason ? outside.lateness() : error
  } finally {
    stopTelling()
  }
}

function awaiting(outside: OutsideSession): AwaitedWorker {
  return { hasJoined: false, isRemoved: false, launched: outside }
}

/** Clocks differ, and another launch may begin to wait for the same relay a little later. */
const marginMs = 600_000

async function createOutside({ session, place, options }: RouteOptions): Promise<OutsideSession> {
  const { namespace, prefix, image, imagePullPolicy, imagePullSecrets, command } = place
  const [program = 'node', agent = ''] = command
  return await OutsideSession.create({
    api: session.api,
    logger: session.logger,
    lost: () => session.forgetOutside(),
    name: relayName(prefix, (below) => randomInt(below)),
    namespace,
    session: session.id,
    image,
    command: [program, join(dirname(agent), 'relay.js')],
    imagePullPolicy,
    imagePullSecrets,
    startsUntil: new Date(Date.now() + options.pendingTimeoutMs + marginMs).toISOString(),
  })
}
