/** The API server as a bare client sees it: requests over as many connections as the manager has, and a watch of pods. */

import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent, type AgentOptions, type RequestOptions, request } from 'node:https'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { KubeConfig, type V1Pod } from '@kubernetes/client-node'

const connections = 16

export interface PodEvent {
  readonly type: string
  readonly pod: V1Pod
}

export class BenchKube implements Disposable {
  readonly configPath: string
  readonly #server: URL
  readonly #tls: AgentOptions
  readonly #agent: Agent

  /** Of the cluster that KUBECONFIG names. */
  static async open(): Promise<BenchKube> {
    const { KUBECONFIG: path } = process.env
    if (path === undefined) throw new Error('KUBECONFIG names no cluster: npm run cluster:up makes one')
    const config = new KubeConfig()
    config.loadFromFile(path)
    const options: RequestOptions = {}
    await config.applyToHTTPSOptions(options)
    const { ca, cert, key } = options
    const tls: AgentOptions = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
    return new BenchKube(path, new URL(config.getCurrentCluster()?.server ?? ''), tls)
  }

  private constructor(configPath: string, server: URL, tls: AgentOptions) {
    this.configPath = configPath
    this.#server = server
    this.#tls = tls
    this.#agent = new Agent({ ...tls, keepAlive: true, maxSockets: connections })
  }

  /** @throws {Error} with what the API server said when it refused. */
  async send(method: string, path: string, body?: object): Promise<unknown> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    const sent = request(new URL(path, this.#server), {
      ...this.#tls,
      method,
      agent: this.#agent,
      headers: { 'content-type': type },
    })
    sent.end(body && JSON.stringify(body))
    const answer = await answerOf(sent)
    const content = await text(answer)
    if ((answer.statusCode ?? 500) >= 300)
      throw new Error(`${method} ${path}: ${answer.statusCode} ${content}`)
    return JSON.parse(content) as unknown
  }

  /** Calls back with each change of a pod of the namespace, from now on, until the signal fires. */
  async watchPods(namespace: string, signal: AbortSignal, onEvent: (event: PodEvent) => void): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}/pods?watch=true`
    const sent = request(new URL(path, this.#server), { ...this.#tls, signal })
    sent.end()
    const answer = await answerOf(sent)
    const lines = createInterface({ input: answer })
    lines.on('line', (line) => {
      // The API server's own schema.
      const { type, object } = JSON.parse(line) as { type: string; object: V1Pod }
      onEvent({ type, pod: object })
    })
    lines.on('error', () => {})
    sent.on('error', () => {})
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}

async function answerOf(sent: ClientRequest): Promise<IncomingMessage> {
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return answer
}
