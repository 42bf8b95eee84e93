/** One address for the relay, whichever pod it is: workers that dial it find the next one there as well. */

import type { KubernetesObject, V1OwnerReference } from '@kubernetes/client-node'
import type { Logger } from '../logger.ts'
import type { KubeApi } from './kube-api.ts'
import { KubeError } from './kube-error.ts'
import { type RelayJobOptions, relayPort, relayService } from './relay-job.ts'
import { recordOf, textOf } from './untyped.ts'

export interface RelayServiceOptions extends Pick<RelayJobOptions, 'name' | 'namespace' | 'session'> {
  readonly api: KubeApi
  readonly logger: Logger
}

export class RelayService implements AsyncDisposable {
  readonly #options: RelayServiceOptions
  readonly #name: string

  /** Where workers dial, `host:port`. */
  readonly address: string

  /** Undefined where the cluster does not give one, which is told: workers then have to dial the pod itself. */
  static async create(
    options: RelayServiceOptions,
    owner: V1OwnerReference,
  ): Promise<RelayService | undefined> {
    const { api, namespace, logger } = options
    const manifest = relayService(options, owner)
    try {
      const host = hostOf(await api.createObject(namespace, 'services', manifest))
      if (host !== undefined) return new RelayService(options, manifest.metadata?.name ?? '', host)
      logger.info('Workers are lost with the pod of the relay: the cluster gave its Service no address')
    } catch (error) {
      if (!(error instanceof KubeError)) throw error
      logger.info(`Workers are lost with the pod of the relay, for want of a Service: ${error.message}`)
    }
    return undefined
  }

  private constructor(options: RelayServiceOptions, name: string, host: string) {
    this.#options = options
    this.#name = name
    this.address = `${host.includes(':') ? `[${host}]` : host}:${relayPort}`
  }

  /** Deletes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { api, namespace, logger } = this.#options
    try {
      await api.deleteObject(namespace, 'services', this.#name)
    } catch (error) {
      if (!(error instanceof KubeError)) throw error
      // It has an owner with which it goes.
      logger.debug(`Cannot delete service ${this.#name}: ${error.message}`)
    }
  }
}

function hostOf(service: KubernetesObject): string | undefined {
  const host = textOf(recordOf(Reflect.get(service, 'spec'))?.['clusterIP'])
  return host === 'None' || host === '' ? undefined : host
}
