/** The API server as a bare client sees it: requests over as many connections as the manager has, and a watch of pods. */

import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent, type AgentOptions, type RequestOptions, request } from 'node:https'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { KubeConfig, type V1Pod, type V1PodList } from '@kubernetes/client-node'

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
    return JSON.parse(await this.#send(method, path, body)) as unknown
  }

  /** What is there, as it is. @throws {Error} as `send`. */
  async text(path: string): Promise<string> {
    return await this.#send('GET', path)
  }

  async #send(method: string, path: string, body?: object): Promise<string> {
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
    return content
  }

  /**
   * Calls back with each pod of the namespace that is there, as added, and with each change from then on, until the signal
   * fires. What happens while a watch that broke is begun again is told as an addition once more.
   */
  async watchPods(namespace: string, signal: AbortSignal, onEvent: (event: PodEvent) => void): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}/pods`
    while (!signal.aborted) {
      // The API server's own schema.
      const { metadata, items } = (await this.send('GET', path)) as V1PodList
      for (const pod of items) onEvent({ type: 'ADDED', pod })
      const from = metadata?.resourceVersion ?? ''
      try {
        await this.#watch(`${path}?watch=true&resourceVersion=${from}`, signal, onEvent)
      } catch (error) {
        if (!signal.aborted) process.stderr.write(`The watch of pods broke: ${String(error)}\n`)
      }
    }
  }

  async #watch(path: string, signal: AbortSignal, onEvent: (event: PodEvent) => void): Promise<void> {
    // A connection of its own, which may be silent for long.
    const sent = request(new URL(path, this.#server), { ...this.#tls, signal, agent: false })
    sent.end()
    const answer = await answerOf(sent)
    for await (const line of createInterface({ input: answer })) {
      // The API server's own schema.
      const { type, object } = JSON.parse(line) as { type: string; object: V1Pod }
      if (type === 'ERROR') return
      onEvent({ type, pod: object })
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}

async function answerOf(sent: ClientRequest): Promise<IncomingMessage> {
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return answer
}
