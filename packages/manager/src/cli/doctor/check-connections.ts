/** Starts a worker for each way in which it could reach this process, and calls a function there. */

import { LaunchError } from '@dialback/protocol'
import { Cluster } from '../../cluster.ts'
import { K8sClusterManager } from '../../kubernetes/k8s-cluster-manager.ts'
import type { Finding } from './finding.ts'
import type { Patient } from './step.ts'

export type Way = 'direct' | 'tunnel'

/** The ways that a launch with these options would take, or choose from. */
export function waysFor({
  isInside,
  options,
}: Pick<Patient, 'isInside' | 'options'>): readonly [Way, ...Way[]] {
  const { connection, advertise } = options
  if (connection !== 'auto') return [connection]
  return isInside || advertise !== undefined ? ['direct'] : ['tunnel', 'direct']
}

export async function checkConnections(patient: Patient): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const way of waysFor(patient)) findings.push(await check(way, patient))
  return oneIsEnough(findings)
}

/** Where the tunnel works, that nobody can dial this machine is usual: that of a laptop. */
export function oneIsEnough(findings: readonly Finding[]): readonly Finding[] {
  const hasTunnel = findings.some((finding) => finding.check === 'tunnel' && finding.status === 'ok')
  return findings.map((finding) =>
    hasTunnel && finding.status === 'failed'
      ? {
          check: finding.check,
          status: 'note',
          message: `not possible, so workers use the tunnel: ${finding.message}`,
        }
      : finding,
  )
}

async function check(way: Way, patient: Patient): Promise<Finding> {
  const { namespace, options, timeoutMs, signal, logger } = patient
  const { image, cpu, memory, advertise } = options
  const deadline = AbortSignal.timeout(2 * timeoutMs)
  await using cluster = new Cluster({ logger, onWorkerLog: (_, line) => logger.debug(line) })
  const manager = new K8sClusterManager(1, {
    namespace,
    cpu,
    memory,
    connection: way,
    minWorkers: 1,
    pendingTimeout: `${timeoutMs}ms`,
    ...(image !== undefined && { image }),
    ...(way === 'direct' && advertise !== undefined && { advertise }),
  })
  const startedAt = performance.now()
  try {
    const [id = 0] = await cluster.addProcs(manager, { signal: AbortSignal.any([signal, deadline]) })
    const joinedAt = performance.now()
    await cluster.remoteCallFetch(Date.now, id)
    const [joinedMs, callMs] = [joinedAt - startedAt, performance.now() - joinedAt]
    return {
      check: way,
      status: 'ok',
      message: `a worker joined after ${(joinedMs / 1_000).toFixed(1)} s, and answered a call within ${Math.ceil(callMs)} ms`,
    }
  } catch (error) {
    signal.throwIfAborted()
    if (error === deadline.reason)
      return failure(way, `no worker started within ${(2 * timeoutMs) / 1_000} s`)
    if (error instanceof LaunchError) return failure(way, error.message)
    throw error
  }
}

function failure(way: Way, message: string): Finding {
  return { check: way, status: 'failed', message, advice: advice[way] }
}

const advice: Readonly<Record<Way, string>> = {
  direct:
    'Pods have to reach a port of this machine: look at firewalls and NetworkPolicies, name an address with --advertise, or use the tunnel',
  tunnel:
    'Worker pods have to reach the pod of the relay at port 7420, and the API server its port 7421: look at NetworkPolicies, and at proxies on the way to the API server',
}
