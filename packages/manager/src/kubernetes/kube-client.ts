/** Requests to the API server as objects: JSON in and out, retries, and refusals as errors that say what to do. */

import type { Readable } from 'node:stream'
import type { WebSocket } from 'ws'
import { answerTimeoutMs, type HttpAnswer, NoAnswerError } from './http-answer.ts'
import { KubeError, type KubeRequest, type KubeStatus, refusal, unreachable } from './kube-error.ts'
import { type HttpCall, KubeHttp } from './kube-http.ts'
import { type RetrySettings, retryDefaults, withRetries } from './kube-retry.ts'
import type { KubeContext } from './kubeconfig.ts'
import { recordOf, textOf } from './untyped.ts'

/** What is asked, in RBAC's words for the error and in HTTP's for the wire. */
export interface KubeCall extends Omit<HttpCall, 'isStream'> {
  readonly request: KubeRequest
  /** @default true: refusals that may pass are tried again within a bound */
  readonly isRetried?: boolean
  /** False: the signal ends the waiting between tries, not a try, which may have had its effect. @default true */
  readonly isAbortable?: boolean
}

/** An answer without an end of its own. */
export interface KubeStream {
  readonly body: Readable
  /** Whether all of it has been read; false of one that broke off. */
  readonly isWhole: boolean
  /** Whether the connection keeps this process alive. */
  hold(isHeld: boolean): void
}

/** An API server that never answered is most likely not there; one that did is being restarted. */
const neverReachedMs = 5_000
const lostMs = 30_000
/** A list of 1,000 pods takes some 10 MB. */
const maxAnswerBytes = 268_435_456
const maxRetryAfterMs = 60_000

export class KubeClient {
  readonly context: KubeContext
  readonly #http: KubeHttp
  readonly #settings: RetrySettings
  #wasReached = false

  constructor(context: KubeContext, settings: RetrySettings = retryDefaults) {
    this.context = context
    this.#http = new KubeHttp(context)
    this.#settings = settings
  }

  /**
   * Gives what the API server answers, parsed.
   *
   * @throws {KubeError} as its kinds say; `signal.reason` when that fired, which may be after the request had its effect.
   */
  async json(call: KubeCall): Promise<unknown> {
    const text = await this.#retried(call, () =>
      this.#reaching(call, async () => await this.#read(await this.#accepted(call))),
    )
    return text === '' ? undefined : (JSON.parse(text) as unknown)
  }

  /** As `json`, for an answer that is of no use: a pod that is deleted or patched comes back whole. */
  async done(call: KubeCall): Promise<void> {
    await this.#retried(call, () =>
      this.#reaching(call, async () => {
        for await (const _ of this.#chunks(await this.#accepted(call)));
      }),
    )
  }

  /** Opens an answer that is read as it comes. Its retries end with its head: what breaks later ends the body. */
  async stream(call: KubeCall): Promise<KubeStream> {
    const answer = await this.#retried(call, () => this.#reaching(call, () => this.#accepted(call, true)))
    // Whoever reads it sees the error; without a reader it is nobody's.
    answer.body.on('error', () => {})
    return answer
  }

  async webSocket(path: string, protocols: readonly string[]): Promise<WebSocket> {
    return await this.#http.webSocket(path, protocols)
  }

  close(): void {
    this.#http.close()
  }

  async #retried<T>(call: KubeCall, attempt: () => Promise<T>): Promise<T> {
    const { isRetried = true, signal } = call
    if (!isRetried) return await attempt()
    return await withRetries(attempt, {
      ...this.#settings,
      signal,
      unreachableMs: this.#wasReached ? lostMs : neverReachedMs,
    })
  }

  /** @throws {KubeError} when the API server refuses. */
  async #accepted(call: KubeCall, isStream = false): Promise<HttpAnswer> {
    const { isAbortable = true, signal } = call
    const answer = await this.#http.send({ ...call, isStream, signal: isAbortable ? signal : undefined })
    this.#wasReached = true
    const { status, retryAfter } = answer
    if (status >= 200 && status < 300) return answer
    throw refusal(call.request, {
      httpStatus: status,
      status: statusOf(await this.#read(answer)),
      retryAfterMs: retryAfterMs(retryAfter),
    })
  }

  async #read(answer: HttpAnswer): Promise<string> {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of this.#chunks(answer)) {
      size += chunk.length
      if (size > maxAnswerBytes) throw new RangeError(`its answer is over ${maxAnswerBytes} bytes`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString()
  }

  /** @throws {NoAnswerError} when the rest of an answer does not come: it would be waited for until the network gives up. */
  async *#chunks({ body }: HttpAnswer): AsyncGenerator<Buffer, void, void> {
    const { clock } = this.#settings
    const fail = (): void => void body.destroy(new NoAnswerError())
    let cancel = clock.after(answerTimeoutMs, fail)
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        cancel()
        cancel = clock.after(answerTimeoutMs, fail)
        yield chunk
      }
    } finally {
      cancel()
    }
  }

  /** What the network, the login or a connection that breaks off throws becomes a KubeError. */
  async #reaching<T>(call: KubeCall, exchange: () => Promise<T>): Promise<T> {
    try {
      return await exchange()
    } catch (error) {
      if (error instanceof KubeError || call.signal?.aborted) throw error
      throw unreachable(call.request, this.context.server, error)
    }
  }
}

/** Refusals are `Status` objects, unless something in between answered. */
function statusOf(text: string): KubeStatus {
  try {
    const status = recordOf(JSON.parse(text))
    const message = textOf(status?.['message'])
    const reason = textOf(status?.['reason'])
    return { ...(message !== undefined && { message }), ...(reason !== undefined && { reason }) }
  } catch {
    return { message: text.slice(0, 500) }
  }
}

/** In seconds, as the API server gives it; a date, which it does not give, is left alone. */
function retryAfterMs(header: string | undefined): number | undefined {
  const seconds = header === undefined || header === '' ? Number.NaN : Number(header)
  return seconds >= 0 ? Math.min(seconds * 1_000, maxRetryAfterMs) : undefined
}
