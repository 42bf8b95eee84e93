/**
 * Whether the API server would make what a launch makes: asked by dry runs of the real objects, which pass quota, Pod Security
 * and all other admission like these.
 */

import { randomInt } from 'node:crypto'
import type { KubernetesObject, V1Pod } from '@kubernetes/client-node'
import { KubeError } from '../../kubernetes/kube-error.ts'
import type { LaunchPlace } from '../../kubernetes/launch-place.ts'
import { podManifest, podOf, secretManifest } from '../../kubernetes/pod-manifest.ts'
import { podNames } from '../../kubernetes/pod-names.ts'
import { relayJob } from '../../kubernetes/relay-job.ts'
import { admissionFindings } from './admission-findings.ts'
import type { Finding } from './finding.ts'
import type { Patient } from './step.ts'

export async function checkAdmission(patient: Patient): Promise<readonly Finding[]> {
  const { api, namespace, options } = patient
  const place = await patient.place()
  for (const { resource, object } of objectsOf(patient, place)) {
    try {
      await api.tryCreate(namespace, resource, object)
    } catch (error) {
      if (error instanceof KubeError)
        return admissionFindings({ namespace, refusal: error, level: undefined })
      throw error
    }
  }
  const { cpu, memory } = options
  const level = await enforcedLevel(patient, workerPod(patient, place))
  return admissionFindings({ namespace, refusal: undefined, level, size: { cpu, memory } })
}

/** As the first launch would make them. */
function objectsOf(
  patient: Patient,
  place: LaunchPlace,
): { readonly resource: string; readonly object: KubernetesObject }[] {
  const { namespace, isInside } = patient
  const names = { namespace, session: 'doctor', secretName: `${place.prefix}-doctor` }
  const inside = [
    { resource: 'pods', object: workerPod(patient, place) },
    { resource: 'secrets', object: secretManifest({ ...names, owner: place.owner }, 'none', {}) },
  ]
  if (isInside) return inside
  const { image, imagePullPolicy, imagePullSecrets, command } = place
  const what = { image, imagePullPolicy, imagePullSecrets, command }
  const job = relayJob({ ...names, ...what, name: names.secretName })
  const { metadata, spec } = job.spec?.template ?? {}
  const relayMetadata = { labels: metadata?.labels ?? {}, generateName: `${place.prefix}-` }
  const relay = { apiVersion: 'v1', kind: 'Pod', metadata: relayMetadata, spec }
  // The Job would be made even if its pod would then not be.
  return [...inside, { resource: 'jobs.batch', object: job }, { resource: 'pods', object: relay }]
}

/** What K8sClusterManager would make. */
function workerPod({ namespace, options }: Patient, place: LaunchPlace): V1Pod {
  const belonging = { namespace, secretName: 'doctor', session: 'doctor', url: 'wss://nowhere:1' }
  const manifest = podManifest({ ...options, ...place, ...belonging, patienceMs: options.pendingTimeoutMs })
  const [name = place.prefix] = podNames(place.prefix, 1, (below) => randomInt(below))
  return podOf(manifest, name, namespace)
}

/**
 * What the namespace enforces of the Pod Security Standards, told by the refusal of a pod that meets none of them; to read the
 * namespace itself would take one more permission.
 */
async function enforcedLevel({ api, namespace }: Patient, pod: V1Pod): Promise<string | undefined> {
  for (const container of pod.spec?.containers ?? []) delete container.securityContext
  if (pod.spec !== undefined) {
    delete pod.spec.securityContext
    pod.spec.hostNetwork = true
  }
  try {
    await api.tryCreate(namespace, 'pods', pod)
  } catch (error) {
    if (!(error instanceof KubeError)) throw error
    return /violates PodSecurity "([^"]+)"/.exec(error.message)?.[1]
  }
  return undefined
}
