/** Where the workers of a launch will be: namespace, image, what they run there, and what they belong to. */

import { createRequire } from 'node:module'
import { hostname } from 'node:os'
import { builtAgentEntry } from '@dialback/worker'
import type { V1LocalObjectReference, V1OwnerReference, V1Pod } from '@kubernetes/client-node'
import { isK8s } from '../is-k8s.ts'
import { type HandedOn, handedOn } from './handed-on.ts'
import type { ResolvedK8sOptions } from './k8s-options.ts'
import type { KubeApi } from './kube-api.ts'
import { KubeError } from './kube-error.ts'
import { podNamespace, podServer } from './kubeconfig.ts'
import { findOwnPod } from './own-pod.ts'
import { workerPrefix } from './pod-names.ts'
import { submittedContainer } from './submitted-container.ts'

export interface LaunchPlace {
  readonly namespace: string
  readonly prefix: string
  readonly image: string
  /** As the options say, else as the manager's pod has it where the image is that one's. */
  readonly imagePullPolicy: string | undefined
  readonly imagePullSecrets: readonly V1LocalObjectReference[] | undefined
  readonly command: readonly string[]
  /** With it the cluster removes what the launch made. */
  readonly owner: V1OwnerReference | undefined
  /** What the workers get of the environment of the manager's container. */
  readonly handedOn: HandedOn
  /** The pod that this process runs in. */
  readonly ownPod: V1Pod | undefined
}

/** Where images/worker.Dockerfile and images/manager.Dockerfile have the agent. */
const agentInImage = '/opt/dialback/agent/main.js'

/** @throws {Error} when it cannot be told which image to run; what the API server refuses. */
export async function findLaunchPlace(api: KubeApi, options: ResolvedK8sOptions): Promise<LaunchPlace> {
  const namespace = options.namespace ?? api.namespace
  const ownPod = await ownPodIn(api, options)
  const managerPodName = options.managerPodName ?? (ownPod && ownPodName())
  const managerPod = ownPod ?? (managerPodName && (await api.getPod(namespace, managerPodName)))
  return {
    namespace,
    prefix: options.workerPrefix ?? workerPrefix(managerPodName ?? hostname()),
    ...whatRuns(managerPod || undefined, options, { namespace, isInside: ownPod !== undefined }),
    owner: managerPod && isIn(namespace, managerPod) ? ownerReference(managerPod) : undefined,
    handedOn: handedOn(ownPod, namespace),
    ownPod,
  }
}

/** Whether this process is a pod of the API server's cluster. Never rejects: where that cannot be told it is said to be. */
export async function isInside(api: KubeApi, options: ResolvedK8sOptions): Promise<boolean> {
  if (!isK8s() || api.context.server === podServer()) return isK8s()
  return (await ownPodIn(api, options).catch(() => true)) !== undefined
}

/** What says that a pod is not in this cluster, or is nothing to those who are let in there. */
const elsewhere: ReadonlySet<KubeError['kind']> = new Set(['notFound', 'namespaceNotFound', 'forbidden'])

/** A manager may ask for workers in another namespace than its own. @throws what the API server refuses. */
async function ownPodIn(api: KubeApi, options: ResolvedK8sOptions): Promise<V1Pod | undefined> {
  if (!isK8s()) return undefined
  const namespace = (await podNamespace()) ?? options.namespace ?? api.namespace
  const name = options.managerPodName ?? ownPodName()
  try {
    return await findOwnPod(api, { namespace, name })
  } catch (error) {
    if (!(error instanceof KubeError)) throw error
    // A kubeconfig may name another cluster than this pod's, as on a build machine that is a pod.
    if (elsewhere.has(error.kind) && api.context.server !== podServer()) return undefined
    if (error.kind !== 'notFound' || options.managerPodName !== undefined) throw error
    // Its host's name is not the pod's, as where it uses the network of its node.
    throw new Error(`${error.message}; name the pod of this process with the option managerPodName`, {
      cause: error,
    })
  }
}

function whatRuns(
  managerPod: V1Pod | undefined,
  { image, imagePullPolicy }: Pick<ResolvedK8sOptions, 'image' | 'imagePullPolicy'>,
  { namespace, isInside }: { readonly namespace: string; readonly isInside: boolean },
): Pick<LaunchPlace, 'image' | 'imagePullPolicy' | 'imagePullSecrets' | 'command'> {
  const others = { imagePullPolicy, imagePullSecrets: undefined, command: ['node', agentInImage] }
  if (image !== undefined) return { image, ...others }
  if (managerPod === undefined) return { image: defaultImage(), ...others }
  const own = managerImage(managerPod)
  return {
    image: own.image,
    imagePullPolicy: imagePullPolicy ?? own.imagePullPolicy,
    imagePullSecrets: isIn(namespace, managerPod) ? managerPod.spec?.imagePullSecrets : undefined,
    command: isInside ? sameCommand() : others.command,
  }
}

function ownPodName(): string {
  return process.env['HOSTNAME'] ?? hostname()
}

/** @throws {Error} when the pod has several containers, and it cannot be told which is the manager's. */
function managerImage(pod: V1Pod): Pick<LaunchPlace, 'image' | 'imagePullPolicy'> {
  const own = submittedContainer(pod)
  const [container, ...others] = own === undefined ? (pod.spec?.containers ?? []) : [own]
  const { image, imagePullPolicy } = container ?? {}
  if (image !== undefined && others.length === 0) return { image, imagePullPolicy }
  const names = pod.spec?.containers.map(({ name }) => name).join(', ')
  throw new Error(
    `Cannot tell which image workers are to run: pod "${pod.metadata?.name}" has several containers (${names}); name one with the option image`,
  )
}

/** Of this version, as `npm run cluster:images` names it. */
function defaultImage(): string {
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }
  return `localhost/dialback-worker:${version}`
}

/** In the image that this process runs from, what it would start here is there as well. */
function sameCommand(): readonly string[] {
  const entry = builtAgentEntry()
  return entry === undefined ? ['node', agentInImage] : [process.execPath, entry]
}

/** What has its owner in another namespace counts as having lost it, and is removed; nor can it use a Secret there. */
function isIn(namespace: string, { metadata }: V1Pod): boolean {
  return metadata?.namespace === namespace
}

function ownerReference({ metadata }: V1Pod): V1OwnerReference {
  const { name = '', uid = '' } = metadata ?? {}
  return { apiVersion: 'v1', kind: 'Pod', name, uid, controller: false, blockOwnerDeletion: false }
}
