/**
 * Pure: the Job that runs the relay of a session whose manager is outside of the cluster, and the Secret with its token.
 * The Job owns all that the session has in the cluster: when the manager is gone the relay ends, the Job is complete, and
 * its time to live takes it away with everything.
 */

import type {
  V1Job,
  V1LocalObjectReference,
  V1OwnerReference,
  V1Pod,
  V1Secret,
  V1Service,
} from '@kubernetes/client-node'
import { componentLabel, managedByLabel, sessionLabels } from './pod-labels.ts'
import { legalPrefix, podNames, shortened } from './pod-names.ts'

/** Where workers dial, and where the port-forward ends. */
export const relayPort = 7_420
export const relayControlPort = 7_421
/** Twice what a worker waits for its manager: none is left by then that could come back to it. */
const relayOrphanLimitMs = 30_000

const mostReplacements = 1_000

export const relayComponent = 'relay'

/** Until when a manager may wait for its relay, by which `dialback gc` knows one that never will start. */
export const startsUntilAnnotation = 'dialback.dev/starts-until'

export interface RelayJobOptions {
  /** Of the Job and the Secret alike. */
  readonly name: string
  readonly namespace: string
  readonly session: string
  readonly image: string
  readonly command: readonly string[]
  readonly imagePullPolicy?: string | undefined
  readonly imagePullSecrets?: readonly V1LocalObjectReference[] | undefined
  /** When nobody waits any more for it to start (ISO 8601). */
  readonly startsUntil?: string | undefined
}

/**
 * Gives a name like those of the workers: `ann-worker` → `ann-relay-x4b2z`. It is the value of a label too, which takes 63.
 *
 * @param workerPrefix what the workers' names begin with
 * @param random gives a whole number from 0 to below its argument
 */
export function relayName(workerPrefix: string, random: (below: number) => number): string {
  const own = shortened(legalPrefix(workerPrefix.replace(/-worker$/, '')), 46)
  const [name = own] = podNames(`${own}-relay`, 1, random)
  return name
}

/** It meets the restricted Pod Security Standard, and its pod may do nothing in the cluster. */
export function relayJob(options: RelayJobOptions): V1Job {
  const { name, namespace, image, command, imagePullPolicy, imagePullSecrets = [], startsUntil } = options
  const labels = relayLabels(options.session)
  // Its pod is managed by the Job.
  const { [managedByLabel]: _, ...podLabels } = labels
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace,
      labels,
      ...(startsUntil !== undefined && { annotations: { [startsUntilAnnotation]: startsUntil } }),
    },
    spec: {
      // A relay whose pod is taken away gets another one, which workers reach at the same address.
      backoffLimit: mostReplacements,
      ttlSecondsAfterFinished: 10,
      template: {
        metadata: { labels: podLabels },
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          ...(imagePullSecrets.length > 0 && { imagePullSecrets: [...imagePullSecrets] }),
          // It acts on SIGTERM at once.
          terminationGracePeriodSeconds: 5,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 1_000,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [
            {
              name: relayComponent,
              image,
              ...(imagePullPolicy !== undefined && { imagePullPolicy }),
              command: [...command],
              ports: [{ name: 'workers', containerPort: relayPort }],
              env: [
                { name: 'DIALBACK_RELAY_TOKEN', valueFrom: { secretKeyRef: { name, key: 'token' } } },
                { name: 'DIALBACK_RELAY_PORT', value: String(relayPort) },
                { name: 'DIALBACK_RELAY_CONTROL_PORT', value: String(relayControlPort) },
                { name: 'DIALBACK_RELAY_ORPHAN_LIMIT_MS', value: String(relayOrphanLimitMs) },
              ],
              // Windows of 128 MiB are what it may have to keep, and 96 KiB for each of 4,096 connections.
              resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '1', memory: '768Mi' } },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
              terminationMessagePolicy: 'FallbackToLogsOnError',
            },
          ],
        },
      },
    },
  }
}

/** The pod that the Job itself would make, sooner. @param job as the API server made it */
export function replacementPod(job: V1Job): V1Pod {
  const { name, uid } = ownerReference(job)
  const { metadata, spec } = job.spec?.template ?? {}
  return {
    metadata: {
      ...(metadata?.labels && { labels: metadata.labels }),
      generateName: `${name}-`,
      // By which the Job counts what became of its pods. Source: k8s.io/api/batch/v1 JobTrackingFinalizer.
      finalizers: ['batch.kubernetes.io/job-tracking'],
      ownerReferences: [
        { apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true, blockOwnerDeletion: false },
      ],
    },
    ...(spec && { spec }),
  }
}

/** Leads to the pod of the Job. */
export function relayService(
  { name, namespace, session }: Pick<RelayJobOptions, 'name' | 'namespace' | 'session'>,
  owner: V1OwnerReference,
): V1Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    // Names of Services have to begin with a letter, and those of machines need not.
    metadata: {
      name: `relay-${owner.uid}`,
      namespace,
      labels: relayLabels(session),
      ownerReferences: [owner],
    },
    spec: {
      selector: { 'batch.kubernetes.io/job-name': name },
      ports: [{ name: 'workers', port: relayPort, targetPort: relayPort }],
    },
  }
}

export function relaySecret(
  { name, namespace, session }: Pick<RelayJobOptions, 'name' | 'namespace' | 'session'>,
  owner: V1OwnerReference,
  token: string,
): V1Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, labels: relayLabels(session), ownerReferences: [owner] },
    immutable: true,
    type: 'Opaque',
    stringData: { token },
  }
}

/** What makes an object go away with the Job. @throws {TypeError} when the API server gave the Job no uid. */
export function ownerReference(job: V1Job): V1OwnerReference {
  const { name, uid } = job.metadata ?? {}
  if (name === undefined || uid === undefined) throw new TypeError('Received a Job without name and uid')
  return { apiVersion: 'batch/v1', kind: 'Job', name, uid }
}

function relayLabels(session: string): Record<string, string> {
  return {
    ...sessionLabels(session),
    'app.kubernetes.io/name': 'dialback-relay',
    [componentLabel]: relayComponent,
  }
}
