/**
 * The few verbs of the Kubernetes API that are used here.
 *
 * The types are those of `@kubernetes/client-node`, of which nothing is loaded: that takes about a second and 90 MB. What
 * is given is JSON as the API server wrote it: times are texts, although those types call them `Date`.
 */

import type {
  CoreV1Event,
  KubernetesObject,
  V1ConfigMap,
  V1Job,
  V1Pod,
  V1PodList,
  V1Secret,
} from '@kubernetes/client-node'
import type { WebSocket } from 'ws'
import type { KubeStream } from './kube-client.ts'
import type { KubeContext } from './kubeconfig.ts'

/** Every verb rejects with a {@link KubeError}, or with the signal's reason. To list, an empty namespace means all. */
export interface KubeApi extends AsyncDisposable {
  /** Of the kubeconfig's current context, else of the pod that this process runs in, else `default`. */
  readonly namespace: string
  /** Who is spoken to, and as whom. */
  readonly context: KubeContext

  /**
   * Creates once, also when the answer is lost and the request sent again. `generateName` is made a name here.
   * An aborted creation that had been sent is waited for: what this rejects with says whether there is a pod.
   */
  createPod(namespace: string, pod: V1Pod, options?: Waiting): Promise<V1Pod>
  getPod(namespace: string, name: string, options?: Waiting): Promise<V1Pod>
  /** Resolves also when it is gone already, or when another one has its name. */
  deletePod(namespace: string, name: string, options?: DeleteOptions): Promise<void>
  /** @param patch an RFC 7396 merge patch */
  patchPod(namespace: string, name: string, patch: object): Promise<void>
  listPods(namespace: string, options?: ListOptions): Promise<V1PodList>
  /** Lines of JSON, one event each. */
  watchPods(namespace: string, options: WatchOptions): Promise<KubeStream>
  /** The container's output, each line with a time in front when `isTimestamped`. */
  podLog(namespace: string, name: string, options: LogOptions): Promise<KubeStream>

  createSecret(namespace: string, secret: V1Secret): Promise<V1Secret>
  deleteSecret(namespace: string, name: string): Promise<void>
  listSecrets(namespace: string, options?: ListOptions): Promise<readonly V1Secret[]>
  createConfigMap(namespace: string, configMap: V1ConfigMap): Promise<V1ConfigMap>
  createJob(namespace: string, job: V1Job): Promise<V1Job>
  getJob(namespace: string, name: string, options?: Waiting): Promise<V1Job>
  /** @param patch an RFC 7396 merge patch */
  patchJob(namespace: string, name: string, patch: object): Promise<V1Job>
  /** Its pods go with it. Resolves as `deletePod` does. */
  deleteJob(namespace: string, name: string, options?: DeleteOptions): Promise<void>
  listJobs(namespace: string, options?: ListOptions): Promise<readonly V1Job[]>

  /** Asks whether an object would be made, by a dry run there, and gives it as it would be. It is not made. */
  tryCreate(namespace: string, resource: string, object: KubernetesObject): Promise<KubernetesObject>
  /** Of the API server, as `v1.34.4`. */
  version(): Promise<string>
  /** What the cluster has to say of one object. */
  listEvents(namespace: string, of: EventSelector, options?: Waiting): Promise<readonly CoreV1Event[]>
  /** Of any kind; `resource` as RBAC calls it: `roles.rbac.authorization.k8s.io`. */
  createObject(namespace: string, resource: string, object: KubernetesObject): Promise<KubernetesObject>
  getObject(namespace: string, resource: string, name: string): Promise<KubernetesObject>
  /** Resolves also when it is gone already. */
  deleteObject(namespace: string, resource: string, name: string): Promise<void>

  /** Whether we may, by the cluster's own word. */
  reviewAccess(access: Access): Promise<AccessReview>
  /** Opens a WebSocket on a path of the API server, for port-forward; gives it while it connects. */
  webSocket(path: string, protocols: readonly string[]): Promise<WebSocket>
}

export interface Waiting {
  readonly signal?: AbortSignal | undefined
  /** @default true: what may pass is tried again within a bound */
  readonly isRetried?: boolean
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  /** Only this very object: names are used again. */
  readonly uid?: string
}

export interface ListOptions extends Waiting {
  readonly labelSelector?: string
  /** How many to give; `metadata.continue` of the answer, given as `continue`, asks for those that follow. */
  readonly limit?: number
  readonly continue?: string
}

/** A watch is not tried again: whoever watches has to list first. */
export interface WatchOptions extends Pick<Waiting, 'signal'> {
  readonly labelSelector: string
  readonly resourceVersion: string
  /** After which the API server ends it. */
  readonly timeoutSeconds: number
}

/** Nor is a log: whoever follows knows how far it got. */
export interface LogOptions extends Pick<Waiting, 'signal'> {
  readonly container: string
  readonly isFollowed?: boolean
  /** An RFC 3339 time, down to the second: the API server compares whole seconds. */
  readonly sinceTime?: string
  readonly isTimestamped?: boolean
}

export interface EventSelector {
  readonly kind: string
  readonly name: string
}

export interface Access {
  readonly namespace: string
  readonly verb: string
  /** With its subresource and group as in `pods/log`, `jobs.batch`. */
  readonly resource: string
}

export interface AccessReview {
  readonly isAllowed: boolean
  readonly reason: string | undefined
}
