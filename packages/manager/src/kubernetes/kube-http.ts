/** Connections to the API server: one request and its answer, or a stream of unknown length. */

import type { Agent, IncomingMessage } from 'node:http'
import https from 'node:https'
import { createSecureContext } from 'node:tls'
import { WebSocket } from 'ws'
import { apiProxy } from './api-proxy.ts'
import { answerTimeoutMs, type HttpAnswer, NoAnswerError } from './http-answer.ts'
import { type Credentials, KubeCredentials } from './kube-credentials.ts'
import { KubeStreams } from './kube-streams.ts'
import type { KubeContext } from './kubeconfig.ts'
import { Turns } from './turns.ts'

// Not imported: for the namespace of this module Node would read all that it exports, and so load `undici` (50 ms).
const http = process.getBuiltinModule('node:http')

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** From the root of the API server, with its query. */
  readonly path: string
  readonly body?: unknown
  readonly contentType?: string
  readonly signal?: AbortSignal | undefined
  /** Its answer takes as long as it takes: those that do not wait for it. */
  readonly isStream?: boolean
}

/** How many requests are under way at once; more wait here. 16 connections create 1,000 pods in 6.5 s. */
const maxConnections = 16
const streamAliveMs = 20_000
/** The network may drop what is idle without a word, as when a VPN dials anew: who then uses it waits for an answer in vain. */
const idleMs = 5_000

const commonHeaders = { accept: 'application/json', 'user-agent': 'dialback' }

interface Agents {
  readonly credentials: Credentials
  readonly calls: Agent
  /** A connection each. */
  readonly streams: Agent
  /** Undefined where a proxy is in between, or nothing is encrypted. */
  readonly shared: KubeStreams | undefined
}

export class KubeHttp {
  readonly #url: URL
  readonly #proxy: string | undefined
  readonly #credentials: KubeCredentials
  readonly #turns = new Turns(maxConnections)
  #agents: Agents | undefined

  /** @throws {Error} for a proxy that cannot be used. */
  constructor(context: KubeContext) {
    this.#url = new URL(context.server)
    this.#proxy = apiProxy(this.#url, context.proxyUrl, process.env)
    this.#credentials = new KubeCredentials(context)
  }

  /**
   * Gives the answer, of whatever status, as soon as its head has come.
   *
   * @throws what the network or the login threw; `signal.reason` when it fired before the head came.
   */
  async send(call: HttpCall): Promise<HttpAnswer> {
    const { credentials } = await this.#connect()
    const answer = await this.#sendOnce(call)
    if (answer.status !== 401) return answer
    // What an exec plugin or a token file gave may have been revoked before its time.
    this.#credentials.invalidate(credentials)
    answer.body.destroy()
    return await this.#sendOnce(call)
  }

  /** Opens a WebSocket, as for port-forward; gives it before it is open. */
  async webSocket(path: string, protocols: readonly string[]): Promise<WebSocket> {
    const { credentials, streams } = await this.#connect()
    const url = new URL(this.#absolute(path))
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    return new WebSocket(url, [...protocols], {
      agent: streams,
      headers: credentials.headers,
      perMessageDeflate: false,
      handshakeTimeout: answerTimeoutMs,
    })
  }

  /** Closes what is idle; streams end with their readers. */
  close(): void {
    this.#agents?.calls.destroy()
  }

  /** A request takes a moment to make: a thousand at once, which would wait in the agent, would block this thread. */
  async #sendOnce(call: HttpCall): Promise<HttpAnswer> {
    if (call.isStream) return (await this.#openShared(call)) ?? (await this.#request(call))
    const giveBack = await this.#turns.take(call.signal)
    try {
      const answer = await this.#request(call)
      answer.body.once('close', giveBack)
      return answer
    } catch (error) {
      giveBack()
      throw error
    }
  }

  async #openShared({ path, signal }: HttpCall): Promise<HttpAnswer | undefined> {
    const { credentials, shared } = await this.#connect()
    const headers = { ...credentials.headers, ...commonHeaders }
    return await shared?.open({ path: this.#pathOf(path), headers, signal })
  }

  async #request(call: HttpCall): Promise<HttpAnswer> {
    const { credentials, calls, streams } = await this.#connect()
    call.signal?.throwIfAborted()
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body))
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const { request } = this.#url.protocol === 'https:' ? https : http
    const sent = request(this.#absolute(call.path), {
      method: call.method,
      agent: call.isStream ? streams : calls,
      ...(call.signal !== undefined && { signal: call.signal }),
      headers: {
        ...credentials.headers,
        ...commonHeaders,
        ...(body !== undefined && {
          'content-type': call.contentType ?? 'application/json',
          'content-length': body.length,
        }),
      },
    })
    let timer: NodeJS.Timeout | undefined
    // Not before it has a connection: until then it waits for others of ours.
    sent.once('socket', () => {
      timer = setTimeout(() => sent.destroy(new NoAnswerError()), answerTimeoutMs)
    })
    sent.once('response', resolve)
    sent.on('error', (error) => reject(call.signal?.aborted ? call.signal.reason : error))
    sent.end(body)
    return answerOf(await promise.finally(() => clearTimeout(timer)))
  }

  async #connect(): Promise<Agents> {
    const credentials = await this.#credentials.get()
    if (this.#agents?.credentials === credentials) return this.#agents
    // What is under way over the connections of the old ones goes on, and they close by themselves.
    const { servername, rejectUnauthorized, ...material } = credentials.tls
    // Made once: it takes a millisecond, and without HTTP/2 each log that is followed has a connection of its own.
    const secureContext = createSecureContext(material)
    const tls = { rejectUnauthorized, secureContext, ...(servername !== undefined && { servername }) }
    const proxy = this.#proxy
    const options = { ...tls, proxyEnv: proxy === undefined ? {} : { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } }
    const { Agent: AgentOfScheme } = this.#url.protocol === 'https:' ? https : http
    this.#agents = {
      credentials,
      calls: new AgentOfScheme({
        ...options,
        keepAlive: true,
        maxSockets: maxConnections,
        timeout: idleMs,
      }),
      // A stream may be silent for long: without a sign of life now and then a dead connection would not be noticed.
      streams: new AgentOfScheme({
        ...options,
        keepAlive: true,
        keepAliveMsecs: streamAliveMs,
        maxFreeSockets: 0,
      }),
      shared:
        this.#url.protocol === 'https:' && proxy === undefined ? new KubeStreams(this.#url, tls) : undefined,
    }
    return this.#agents
  }

  #absolute(path: string): string {
    return `${this.#url.origin}${this.#pathOf(path)}`
  }

  #pathOf(path: string): string {
    return `${this.#url.pathname.replace(/\/$/, '')}${path}`
  }
}

function answerOf(message: IncomingMessage): HttpAnswer {
  return {
    status: message.statusCode ?? 0,
    retryAfter: message.headers['retry-after'],
    body: message,
    get isWhole() {
      return message.readableEnded && message.complete
    },
    hold(isHeld) {
      if (isHeld) message.socket.ref()
      else message.socket.unref()
    },
  }
}
