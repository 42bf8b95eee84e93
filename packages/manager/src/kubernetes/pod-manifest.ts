/** Pure: the manifest of a worker's pod, and of the Secret that lets the pods of one launch in. */

import { describe } from '@dialback/protocol'
import type {
  V1Container,
  V1EnvVar,
  V1LocalObjectReference,
  V1OwnerReference,
  V1Pod,
  V1Secret,
} from '@kubernetes/client-node'
import type { HandedOn } from './handed-on.ts'
import { literalValue } from './literal-value.ts'
import { nodeOptions } from './node-options.ts'
import { findingLabels, sessionLabels } from './pod-labels.ts'

/** The container that runs the worker; others, which `configure` or the cluster added, are not ours. */
export const workerContainer = 'worker'
/** The field of the Secret with the manager's certificate; the others are tokens, by the names of the pods. */
const certificateField = 'certificate'

/** Anyone but root, who may not run there. */
const userId = 1000

export interface PodManifestOptions {
  readonly prefix: string
  readonly namespace: string
  readonly image: string
  readonly command: readonly string[]
  /** Quantities. */
  readonly cpu: string
  readonly memory: string
  readonly threads: number
  readonly session: string
  readonly secretName: string
  /** What workers dial, and for how long at first. */
  readonly url: string
  readonly patienceMs: number
  readonly owner?: V1OwnerReference | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  /** What they get of the manager's environment; `env` counts before it. */
  readonly handedOn?: HandedOn | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
  readonly imagePullPolicy?: string | undefined
  readonly imagePullSecrets?: readonly V1LocalObjectReference[] | undefined
  readonly serviceAccountName?: string | undefined
}

/** The manifest that `configure` gets: it meets the restricted Pod Security Standard. */
export function podManifest(options: PodManifestOptions): V1Pod {
  const { prefix, namespace, annotations, owner, serviceAccountName, imagePullSecrets = [] } = options
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${prefix}-`,
      namespace,
      labels: { ...sessionLabels(options.session), ...options.labels },
      ...(annotations && { annotations: { ...annotations } }),
      ...(owner && { ownerReferences: [owner] }),
    },
    spec: {
      restartPolicy: 'Never',
      ...(serviceAccountName !== undefined && { serviceAccountName }),
      automountServiceAccountToken: serviceAccountName !== undefined,
      enableServiceLinks: false,
      // The worker is not process 1, which Linux protects from signals, its own included: it could not be killed by one, nor kill itself.
      shareProcessNamespace: true,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: userId,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      ...(imagePullSecrets.length > 0 && { imagePullSecrets: [...imagePullSecrets] }),
      containers: [container(options)],
    },
  }
}

/**
 * Looks at what `configure` returned.
 *
 * @param np how many pods will be made of it
 * @throws {TypeError} that says what is wrong with it.
 */
export function checkConfigured(value: unknown, np: number): V1Pod {
  const refuse = (why: string): never => {
    throw new TypeError(`configure must return a Pod: ${why}`)
  }
  if (typeof value !== 'object' || value === null) return refuse(`it returned ${describe(value)}`)
  // Looked at below as far as it matters here; the API server looks at the rest.
  const pod = value as V1Pod
  if (pod.kind !== 'Pod') return refuse(`the kind is ${describe(pod.kind)}`)
  const found = pod.spec?.containers?.find(({ name }) => name === workerContainer)
  if (found === undefined) return refuse(`there is no container named "${workerContainer}" in it any more`)
  if (!found.env?.some(({ name }) => name === 'DIALBACK_TOKEN'))
    return refuse(`its container "${workerContainer}" has lost the environment that lets it join`)
  if (pod.metadata?.name !== undefined && np !== 1)
    return refuse(
      `${np} pods cannot all have the name ${describe(pod.metadata.name)}; generateName gives each one`,
    )
  return pod
}

/**
 * Gives a pod that `configure` returned what it is found by and removed with, whatever became of that: without it nobody would
 * see its end, nor would it go with its manager.
 */
export function restoreBelonging(
  pod: V1Pod,
  { session, owner }: Pick<PodManifestOptions, 'session' | 'owner'>,
): V1Pod {
  const restored = structuredClone(pod)
  const metadata = (restored.metadata ??= {})
  metadata.labels = { ...metadata.labels, ...findingLabels(session) }
  const others = metadata.ownerReferences?.filter(({ uid }) => uid !== owner?.uid) ?? []
  if (owner !== undefined) metadata.ownerReferences = [owner, ...others]
  return restored
}

/** What is created: the manifest with the name of one worker, and its own token. */
export function podOf(manifest: V1Pod, name: string, namespace: string): V1Pod {
  const pod = structuredClone(manifest)
  pod.metadata ??= {}
  pod.metadata.name = name
  pod.metadata.namespace = namespace
  delete pod.metadata.generateName
  const container = pod.spec?.containers.find((one) => one.name === workerContainer)
  const token = container?.env?.find((entry) => entry.name === 'DIALBACK_TOKEN')?.valueFrom?.secretKeyRef
  if (token !== undefined) token.key = name
  return pod
}

/** The Secret of one launch: in it the pods find a token each, and the certificate that they know the manager by. */
export function secretManifest(
  options: Pick<PodManifestOptions, 'namespace' | 'secretName' | 'session' | 'owner'>,
  certificate: string,
  tokens: Readonly<Record<string, string>>,
): V1Secret {
  const { namespace, secretName, session, owner } = options
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: secretName,
      namespace,
      labels: sessionLabels(session),
      ...(owner && { ownerReferences: [owner] }),
    },
    immutable: true,
    type: 'Opaque',
    stringData: { ...tokens, [certificateField]: certificate },
  }
}

function container(options: PodManifestOptions): V1Container {
  const { image, command, cpu, memory, imagePullPolicy } = options
  return {
    name: workerContainer,
    image,
    ...(imagePullPolicy !== undefined && { imagePullPolicy }),
    command: [...command],
    resources: { requests: { cpu, memory }, limits: { cpu, memory } },
    ...(options.handedOn?.envFrom !== undefined && { envFrom: options.handedOn.envFrom }),
    env: environment(options),
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    // What V8 or Node says last is then in the status, also when nobody has read the log.
    terminationMessagePolicy: 'FallbackToLogsOnError',
  }
}

type Source = NonNullable<V1EnvVar['valueFrom']>

/** What the agent reads is last, where it counts. */
function environment(options: PodManifestOptions): V1EnvVar[] {
  const { NODE_OPTIONS: given, ...env } = options.env ?? {}
  const secret = (key: string): Source => ({ secretKeyRef: { name: options.secretName, key } })
  const field = (fieldPath: string): Source => ({ fieldRef: { fieldPath } })
  const limit = (resource: string, divisor: string): Source => ({
    resourceFieldRef: { containerName: workerContainer, resource, divisor },
  })
  return [
    ...(options.handedOn?.env ?? []).filter(({ name }) => !Object.hasOwn(env, name)),
    ...Object.entries(env).map(([name, value]) => ({ name, value: literalValue(value) })),
    { name: 'NODE_OPTIONS', value: literalValue(nodeOptions(given)) },
    { name: 'DIALBACK_URL', value: options.url },
    { name: 'DIALBACK_PATIENCE_MS', value: String(options.patienceMs) },
    { name: 'DIALBACK_THREADS', value: String(options.threads) },
    // Each pod gets the field of its own name.
    { name: 'DIALBACK_TOKEN', valueFrom: secret('<the name of the pod>') },
    { name: 'DIALBACK_CERTIFICATE', valueFrom: secret(certificateField) },
    { name: 'DIALBACK_NAME', valueFrom: field('metadata.name') },
    { name: 'DIALBACK_POD_NAME', valueFrom: field('metadata.name') },
    { name: 'DIALBACK_POD_UID', valueFrom: field('metadata.uid') },
    { name: 'DIALBACK_POD_NODE', valueFrom: field('spec.nodeName') },
    { name: 'DIALBACK_CPU_LIMIT_MILLIS', valueFrom: limit('limits.cpu', '1m') },
    { name: 'DIALBACK_MEMORY_LIMIT_BYTES', valueFrom: limit('limits.memory', '1') },
  ]
}
