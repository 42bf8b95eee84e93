/**
 * What a manager outside of the cluster has inside: a Job with a relay, which owns all else, and the tunnel to it. Workers
 * dial the manager where that works, and the relay where it does not.
 */

import { randomBytes } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import type { V1Job, V1OwnerReference } from '@kubernetes/client-node'
import type { Door } from '../cluster-manager.ts'
import type { Logger } from '../logger.ts'
import {
  type ChoiceFacts,
  type ConnectionChoice,
  chooseConnection,
  mustProbe,
  ownAddresses,
} from './connection-choice.ts'
import type { KubeApi } from './kube-api.ts'
import { podWaiting, waitingText } from './pod-waiting.ts'
import { openPortForward } from './port-forward.ts'
import { RelayError } from './relay-error.ts'
import {
  ownerReference,
  type RelayJobOptions,
  relayControlPort,
  relayJob,
  relayPort,
  relaySecret,
} from './relay-job.ts'
import { RelayPods } from './relay-pods.ts'
import { RelayService } from './relay-service.ts'
import { Tunnel } from './tunnel.ts'

export interface OutsideSessionOptions extends RelayJobOptions {
  readonly api: KubeApi
  readonly logger: Logger
  /** Whatever was in the cluster is gone, or will be; the next launch needs another session. */
  readonly lost: (reason: string) => void
}

export interface ApproachOptions extends Pick<ChoiceFacts, 'connection' | 'advertise'> {
  readonly door: Door
  /** Ends the waiting, not what was begun. */
  readonly signal: AbortSignal
}

export class OutsideSession implements AsyncDisposable {
  /** What all objects of the session are owned by. */
  readonly owner: V1OwnerReference
  readonly #options: OutsideSessionOptions
  readonly #token: string
  readonly #ended = new AbortController()
  readonly #pods: RelayPods
  #service: RelayService | undefined
  #opening: Promise<Opened> | undefined
  #choosing: Promise<ConnectionChoice> | undefined

  /** Creates the Job, whose relay then starts. @throws {KubeError} */
  static async create(options: OutsideSessionOptions): Promise<OutsideSession> {
    const { api, namespace, name } = options
    const token = randomBytes(32).toString('base64url')
    const session = new OutsideSession(options, await api.createJob(namespace, relayJob(options)), token)
    try {
      // Behind the Job, so that it is never without an owner; the pod waits for it.
      await api.createSecret(namespace, relaySecret(options, session.owner, token))
    } catch (error) {
      await api.deleteJob(namespace, name)
      throw error
    }
    return session
  }

  private constructor(options: OutsideSessionOptions, job: V1Job, token: string) {
    const { api, logger, namespace } = options
    this.#options = options
    this.owner = ownerReference(job)
    this.#pods = new RelayPods({ api, logger, namespace, job })
    this.#token = token
  }

  /**
   * Opens the tunnel, and finds out by which way workers can come; both once.
   *
   * @throws {KubeError | AuthenticationError | Error} that says what does not work; the reason of `signal`.
   */
  async approach({ door, connection, advertise, signal }: ApproachOptions): Promise<ConnectionChoice> {
    // Nobody would hear of what is begun after that, nor of its failure.
    signal.throwIfAborted()
    this.#opening ??= this.#open(door)
    if (connection !== 'tunnel' && advertise !== undefined) {
      // The tunnel tells the relay that this process is alive; workers need not wait for it.
      this.#opening.catch((error: unknown) => this.#failed(error))
      return chooseConnection({ connection, advertise, relayAddress: '', probed: [] })
    }
    this.#choosing ??= this.#choose(this.#opening, { door, connection, advertise })
    return await orAborted(this.#choosing, signal)
  }

  /** What the relay waits for before it runs, in a few words. */
  get waitingFor(): string | undefined {
    const { latest } = this.#pods
    // Its Secret may be a moment behind it.
    if (latest === undefined || podWaiting(latest).reason === 'CreateContainerConfigError') return undefined
    return waitingText(latest, undefined)
  }

  /** What it is that has been waited for long enough. */
  lateness(): RelayError {
    return new RelayError(this.#options.name, this.#pods.latest, true)
  }

  /** Ends the relay and deletes the Job, and with it all that it owns. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(new Error('The session is over'))
    const { api, namespace, name } = this.#options
    const opened = await this.#opening?.catch(() => undefined)
    await Promise.all([opened?.tunnel[Symbol.asyncDispose](), api.deleteJob(namespace, name)])
    // The Job's own deletion reaches them a little later.
    await Promise.all([api.deleteSecret(namespace, name), this.#service?.[Symbol.asyncDispose]()])
  }

  async #open(door: Door): Promise<Opened> {
    const { api, namespace, logger, lost } = this.#options
    const { signal } = this.#ended
    const pod = await this.#pods.running(signal)
    const tunnel = await Tunnel.open(
      {
        open: async (until) => {
          const { metadata } = await this.#pods.running(until)
          const target = { namespace, pod: metadata?.name ?? '', port: relayControlPort }
          return await openPortForward(api, target, until)
        },
        token: this.#token,
        accept: (stream) => door.accept(stream),
        logger,
        lost,
      },
      signal,
    )
    const podIp = pod.status?.podIP ?? ''
    return { tunnel, relayAddress: `${podIp.includes(':') ? `[${podIp}]` : podIp}:${relayPort}` }
  }

  async #choose(
    opening: Promise<Opened>,
    { door, connection, advertise }: Omit<ApproachOptions, 'signal'>,
  ): Promise<ConnectionChoice> {
    const { tunnel, relayAddress } = await opening
    const addresses = mustProbe({ connection, advertise }) ? ownAddresses(networkInterfaces(), door.port) : []
    const { certificate } = door
    const probed = addresses.length > 0 ? await tunnel.probe({ addresses, certificate }) : []
    const choice = chooseConnection({ connection, advertise, relayAddress, probed })
    this.#options.logger.info(choice.sentence)
    if (choice.kind === 'direct') return choice
    this.#service = await RelayService.create(this.#options, this.owner)
    return { ...choice, address: this.#service?.address ?? relayAddress }
  }

  #failed(error: unknown): void {
    if (this.#ended.signal.aborted) return
    const why = error instanceof Error ? error.message : String(error)
    this.#options.logger.error(`Cannot open the tunnel; without it the workers will be taken away: ${why}`)
    this.#options.lost(why)
  }
}

interface Opened {
  readonly tunnel: Tunnel
  /** Where workers dial it. */
  readonly relayAddress: string
}

async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason as Error)
  signal.addEventListener('abort', onAbort, { once: true })
  return await Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', onAbort))
}
