/** The Kubernetes API over HTTP. */

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
import type {
  Access,
  AccessReview,
  DeleteOptions,
  EventSelector,
  KubeApi,
  ListOptions,
  LogOptions,
  Waiting,
  WatchOptions,
} from './kube-api.ts'
import type { KubeCall, KubeClient, KubeStream } from './kube-client.ts'
import { create } from './kube-create.ts'
import { KubeError } from './kube-error.ts'
import { accessPath, resourcePath, splitResource, withQuery } from './kube-path.ts'
import type { KubeContext } from './kubeconfig.ts'
import { recordOf, textOf } from './untyped.ts'

/** What is parsed here comes from the API server, whose schema these types are: hence the casts. */
export class HttpKubeApi implements KubeApi {
  readonly namespace: string
  readonly #client: KubeClient

  constructor(client: KubeClient, namespace: string) {
    this.#client = client
    this.namespace = namespace
  }

  get context(): KubeContext {
    return this.#client.context
  }

  async createPod(namespace: string, pod: V1Pod, { signal }: Waiting = {}): Promise<V1Pod> {
    return (await create(this.#client, { namespace, resource: 'pods', object: pod, signal })) as V1Pod
  }

  async getPod(namespace: string, name: string, options: Waiting = {}): Promise<V1Pod> {
    return (await this.#get('pods', namespace, name, options)) as V1Pod
  }

  async deletePod(namespace: string, name: string, options: DeleteOptions = {}): Promise<void> {
    await this.#delete('pods', namespace, name, options)
  }

  async patchPod(namespace: string, name: string, patch: object): Promise<void> {
    await this.#client.done(patchCall('pods', namespace, name, patch))
  }

  async listPods(namespace: string, options: ListOptions = {}): Promise<V1PodList> {
    return (await this.#list('pods', namespace, options)) as V1PodList
  }

  async watchPods(namespace: string, options: WatchOptions): Promise<KubeStream> {
    const { signal, ...query } = options
    return await this.#client.stream({
      request: { verb: 'watch', resource: 'pods', namespace },
      method: 'GET',
      path: withQuery(resourcePath('pods', namespace), { ...query, watch: true, allowWatchBookmarks: true }),
      signal,
      isRetried: false,
    })
  }

  async podLog(namespace: string, name: string, options: LogOptions): Promise<KubeStream> {
    const { signal, isFollowed, isTimestamped, ...query } = options
    return await this.#client.stream({
      request: { verb: 'get', resource: 'pods/log', namespace, name },
      method: 'GET',
      path: withQuery(`${resourcePath('pods', namespace, name)}/log`, {
        ...query,
        follow: isFollowed,
        timestamps: isTimestamped,
      }),
      signal,
      isRetried: false,
    })
  }

  async createSecret(namespace: string, secret: V1Secret): Promise<V1Secret> {
    return (await create(this.#client, { namespace, resource: 'secrets', object: secret })) as V1Secret
  }

  async deleteSecret(namespace: string, name: string): Promise<void> {
    await this.#delete('secrets', namespace, name)
  }

  async listSecrets(namespace: string, options: ListOptions = {}): Promise<readonly V1Secret[]> {
    const list = (await this.#list('secrets', namespace, options)) as { items: V1Secret[] }
    return list.items
  }

  async createConfigMap(namespace: string, configMap: V1ConfigMap): Promise<V1ConfigMap> {
    return (await create(this.#client, {
      namespace,
      resource: 'configmaps',
      object: configMap,
    })) as V1ConfigMap
  }

  async createJob(namespace: string, job: V1Job): Promise<V1Job> {
    return (await create(this.#client, { namespace, resource: 'jobs.batch', object: job })) as V1Job
  }

  async getJob(namespace: string, name: string, options: Waiting = {}): Promise<V1Job> {
    return (await this.#get('jobs.batch', namespace, name, options)) as V1Job
  }

  async patchJob(namespace: string, name: string, patch: object): Promise<V1Job> {
    return (await this.#client.json(patchCall('jobs.batch', namespace, name, patch))) as V1Job
  }

  async deleteJob(namespace: string, name: string, options: DeleteOptions = {}): Promise<void> {
    await this.#delete('jobs.batch', namespace, name, options)
  }

  async listJobs(namespace: string, options: ListOptions = {}): Promise<readonly V1Job[]> {
    const list = (await this.#list('jobs.batch', namespace, options)) as { items: V1Job[] }
    return list.items
  }

  async tryCreate(namespace: string, resource: string, object: KubernetesObject): Promise<KubernetesObject> {
    return (await this.#client.json({
      request: { verb: 'create', resource, namespace },
      method: 'POST',
      path: withQuery(resourcePath(resource, namespace), { dryRun: 'All' }),
      body: object,
    })) as KubernetesObject
  }

  async version(): Promise<string> {
    const request = { verb: 'get', resource: 'version', namespace: this.namespace }
    const version = await this.#client.json({ request, method: 'GET', path: '/version' })
    return textOf(recordOf(version)?.['gitVersion']) ?? 'of an unknown version'
  }

  async listEvents(
    namespace: string,
    { kind, name }: EventSelector,
    options: Waiting = {},
  ): Promise<readonly CoreV1Event[]> {
    const fieldSelector = `involvedObject.kind=${kind},involvedObject.name=${name}`
    const list = (await this.#list('events', namespace, { ...options, fieldSelector })) as {
      items: CoreV1Event[]
    }
    return list.items
  }

  async createObject(
    namespace: string,
    resource: string,
    object: KubernetesObject,
  ): Promise<KubernetesObject> {
    return (await create(this.#client, { namespace, resource, object })) as KubernetesObject
  }

  async getObject(namespace: string, resource: string, name: string): Promise<KubernetesObject> {
    return (await this.#get(resource, namespace, name)) as KubernetesObject
  }

  async deleteObject(namespace: string, resource: string, name: string): Promise<void> {
    await this.#delete(resource, namespace, name)
  }

  async reviewAccess({ namespace, verb, resource }: Access): Promise<AccessReview> {
    const { kind: path, group } = splitResource(resource)
    const [kind, subresource] = path.split('/')
    const review = await this.#client.json({
      request: { verb: 'create', resource: 'selfsubjectaccessreviews.authorization.k8s.io', namespace },
      method: 'POST',
      path: accessPath,
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: { namespace, verb, group, resource: kind, subresource } },
      },
    })
    const status = recordOf(recordOf(review)?.['status'])
    return { isAllowed: status?.['allowed'] === true, reason: textOf(status?.['reason']) }
  }

  async webSocket(path: string, protocols: readonly string[]): Promise<WebSocket> {
    return await this.#client.webSocket(path, protocols)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close()
  }

  async #get(resource: string, namespace: string, name: string, options: Waiting = {}): Promise<unknown> {
    return await this.#client.json({
      request: { verb: 'get', resource, namespace, name },
      method: 'GET',
      path: resourcePath(resource, namespace, name),
      ...options,
    })
  }

  async #list(
    resource: string,
    namespace: string,
    { signal, isRetried = true, ...query }: ListOptions & { readonly fieldSelector?: string },
  ): Promise<unknown> {
    return await this.#client.json({
      request: { verb: 'list', resource, namespace },
      method: 'GET',
      path: withQuery(resourcePath(resource, namespace), query),
      signal,
      isRetried,
    })
  }

  async #delete(
    resource: string,
    namespace: string,
    name: string,
    options: DeleteOptions = {},
  ): Promise<void> {
    const { uid, gracePeriodSeconds } = options
    try {
      await this.#client.done({
        request: { verb: 'delete', resource, namespace, name },
        method: 'DELETE',
        path: resourcePath(resource, namespace, name),
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          propagationPolicy: 'Background',
          gracePeriodSeconds,
          ...(uid !== undefined && { preconditions: { uid } }),
        },
      })
    } catch (error) {
      const isGone = error instanceof KubeError && (error.kind === 'notFound' || isOther(error, uid))
      if (!isGone) throw error
    }
  }
}

function patchCall(resource: string, namespace: string, name: string, patch: object): KubeCall {
  return {
    request: { verb: 'patch', resource, namespace, name },
    method: 'PATCH',
    path: resourcePath(resource, namespace, name),
    contentType: 'application/merge-patch+json',
    body: patch,
  }
}

function isOther({ kind }: KubeError, uid: string | undefined): boolean {
  return kind === 'conflict' && uid !== undefined
}
