/** Runs a pod of the size and image of a worker, which says what it finds: whether there is a node for it, the image, the time. */

import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { V1Pod } from '@kubernetes/client-node'
import type { LaunchPlace } from '../../kubernetes/launch-place.ts'
import { podManifest, podOf } from '../../kubernetes/pod-manifest.ts'
import { podNames } from '../../kubernetes/pod-names.ts'
import type { Finding } from './finding.ts'
import { isKnown, podFindings } from './pod-findings.ts'
import type { Patient } from './step.ts'

/** A watch would ask for one more permission. */
const lookEveryMs = 200

export async function checkPod(patient: Patient): Promise<readonly Finding[]> {
  const { api, namespace, timeoutMs, signal } = patient
  const place = await patient.place()
  const [name = ''] = podNames(place.prefix.replace(/-worker$/, '-doctor'), 1, (below) => randomInt(below))
  const startedAt = Date.now()
  signal.throwIfAborted()
  const pod = await api.createPod(namespace, probePod(patient, place, name), { signal })
  try {
    const seen = await lookUntilKnown(patient, pod)
    return podFindings({ pod: seen, startedAt, endedAt: Date.now(), timeoutMs, image: place.image })
  } finally {
    await api.deletePod(namespace, name, { gracePeriodSeconds: 0 })
  }
}

/** Until its time is up, at the latest. */
async function lookUntilKnown({ api, namespace, timeoutMs, signal }: Patient, pod: V1Pod): Promise<V1Pod> {
  const deadline = performance.now() + timeoutMs
  for (let seen = pod; ; seen = await api.getPod(namespace, pod.metadata?.name ?? '', { signal })) {
    if (isKnown(seen) || performance.now() > deadline) return seen
    await delay(lookEveryMs, undefined, { signal })
  }
}

/** A worker's, but what runs there is one line, and it needs no Secret. */
function probePod({ namespace, options, timeoutMs }: Patient, place: LaunchPlace, name: string): V1Pod {
  const names = { namespace, session: `doctor-${name}`.slice(0, 63), secretName: '', url: '' }
  const manifest = podManifest({ ...options, ...place, ...names, patienceMs: timeoutMs })
  const pod = podOf(manifest, name, namespace)
  const [node = 'node', agent = ''] = place.command
  for (const container of pod.spec?.containers ?? []) {
    container.command = [node, '-e', report, agent]
    container.env = []
  }
  // Should nobody be left to delete it, it ends, and `dialback gc` finds it.
  if (pod.spec !== undefined) pod.spec.activeDeadlineSeconds = Math.max(1, Math.ceil(timeoutMs / 1_000))
  return pod
}

/** What it says is then in its status, for which no permission to read logs is needed. */
const report = `require('fs').writeFileSync('/dev/termination-log', JSON.stringify({
  now: Date.now(), node: process.version, hasAgent: require('fs').existsSync(process.argv[1]) }))`
