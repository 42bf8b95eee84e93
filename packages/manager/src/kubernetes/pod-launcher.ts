/** Creates the pods of a manager, and keeps watch over them. */

import { randomBytes, randomInt } from 'node:crypto'
import type { V1Pod } from '@kubernetes/client-node'
import type { Credentials, Door, LaunchContext, LaunchedWorker } from '../cluster-manager.ts'
import { createAll } from './create-all.ts'
import { endWhenAsked } from './first-process.ts'
import type { ResolvedK8sOptions } from './k8s-options.ts'
import type { KubeApi } from './kube-api.ts'
import { findLaunchPlace, type LaunchPlace } from './launch-place.ts'
import { loadKubeApi } from './load-kube-api.ts'
import { checkConfigured, podManifest, podOf, restoreBelonging, secretManifest } from './pod-manifest.ts'
import { podNames, shortened } from './pod-names.ts'
import { PodSession } from './pod-session.ts'
import { sharedSession } from './pod-sessions.ts'
import { PodWorker } from './pod-worker.ts'
import { RelayError } from './relay-error.ts'
import { chooseRoute, type Route } from './route.ts'
import { UnmadePod } from './unmade-pod.ts'

export class PodLauncher {
  readonly #options: ResolvedK8sOptions
  #api: Promise<KubeApi> | undefined

  constructor(options: ResolvedK8sOptions) {
    this.#options = options
  }

  /** Creates the pods. @throws when the cluster cannot be asked for them. */
  async launch(context: LaunchContext): Promise<readonly LaunchedWorker[]> {
    endWhenAsked()
    // What is waited for, the relay's start and its stream, does not keep this process alive.
    const keepAlive = setInterval(() => {}, 2 ** 30)
    try {
      return await this.#launch(context)
    } finally {
      clearInterval(keepAlive)
    }
  }

  async #launch(context: LaunchContext): Promise<readonly LaunchedWorker[]> {
    const [{ api, place }, door] = await Promise.all([this.#findPlace(), context.openDoor()])
    const session = this.#sessionOf(door, api, place, context)
    // Nothing of a launch that failed is left when that is told.
    await using _ = session.use()
    const { signal } = context
    try {
      const route = await chooseRoute({ session, door, place, options: this.#options, signal })
      return await this.#launchPods(context, { session, place, door, route })
    } catch (error) {
      if (!(error instanceof RelayError)) throw error
      return this.#names(place.prefix).map((name) => {
        context.admit(name, '')
        return new UnmadePod(name, error)
      })
    }
  }

  async #launchPods(context: LaunchContext, launch: Launch): Promise<readonly LaunchedWorker[]> {
    const { session, place, door, route } = launch
    const { api } = session
    const secretName = `${shortened(place.prefix, 240)}-${randomBytes(5).toString('hex')}`
    const owner = route.owner ?? place.owner
    const belonging = { namespace: place.namespace, secretName, session: session.id, owner }
    const manifest = await this.#manifest({ ...place, ...belonging, url: route.url })
    const names = manifest.metadata?.name
      ? [manifest.metadata.name]
      : this.#names(prefixOf(manifest, place.prefix))
    const credentials = names.map((name) => context.admit(name, route.url))
    await api.createSecret(
      place.namespace,
      secretManifest(belonging, door.certificate, tokensOf(credentials)),
    )
    const workers = names.map((name) => this.#worker(name, place.namespace, session))
    session.add(workers, { namespace: place.namespace, secretName })
    const { signal } = context
    const create = async (worker: PodWorker): Promise<void> => {
      const pod = await api.createPod(place.namespace, podOf(manifest, worker.name, place.namespace), {
        signal,
      })
      worker.created(pod)
      session.watch(worker, pod)
    }
    try {
      await createAll(workers, { create, signal })
    } catch (error) {
      // None was made: what was made for them goes before their launch is told to have failed.
      await Promise.all(workers.map(async ({ gone }) => await gone))
      throw error
    }
    return workers
  }

  #names(prefix: string): string[] {
    return podNames(prefix, this.#options.np, (below) => randomInt(below))
  }

  #worker(name: string, namespace: string, session: PodSession): PodWorker {
    const { threads, keepPods } = this.#options
    return new PodWorker({
      name,
      namespace,
      threads,
      keepPods,
      api: session.api,
      logger: session.logger,
      warningOf: (name) => session.podWarnings.of(name),
      follow: (pod, onLine) => session.follow(pod, onLine),
      release: async (worker) => await session.release(worker),
      fellSilent: (worker) => session.silentPods.add(worker),
    })
  }

  async #manifest(
    options: LaunchPlace & { secretName: string; session: string; url: string },
  ): Promise<V1Pod> {
    const { configure, np, pendingTimeoutMs: patienceMs } = this.#options
    const manifest = podManifest({ ...this.#options, ...options, patienceMs })
    if (configure === undefined) return manifest
    const configured: unknown = await configure(manifest)
    return restoreBelonging(checkConfigured(configured, np), options)
  }

  async #findPlace(): Promise<{ readonly api: KubeApi; readonly place: LaunchPlace }> {
    const { namespace } = this.#options
    this.#api ??= loadKubeApi(namespace === undefined ? {} : { namespace })
    const api = await this.#api.catch((error: unknown) => {
      this.#api = undefined
      throw error
    })
    return { api, place: await findLaunchPlace(api, this.#options) }
  }

  #sessionOf(door: Door, api: KubeApi, place: LaunchPlace, { logger }: LaunchContext): PodSession {
    const { connection, advertise } = this.#options
    const { namespace, image, imagePullPolicy, imagePullSecrets } = place
    const pulled = { image, imagePullPolicy, imagePullSecrets }
    const facts = { context: api.context, namespace, ...pulled, connection, advertise }
    const id = randomBytes(8).toString('hex')
    return sharedSession(door, facts, () => new PodSession({ api, id, logger }))
  }
}

interface Launch {
  readonly session: PodSession
  readonly place: LaunchPlace
  readonly door: Door
  readonly route: Route
}

/** `configure` may have given another one. */
function prefixOf({ metadata }: V1Pod, prefix: string): string {
  return metadata?.generateName?.replace(/-$/, '') ?? prefix
}

function tokensOf(credentials: readonly Credentials[]): Record<string, string> {
  return Object.fromEntries(credentials.map(({ name, token }) => [name, token]))
}
