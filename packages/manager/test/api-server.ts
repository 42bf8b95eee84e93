/** An HTTP server that plays the API server's part, for faults that a real one cannot be had to make. */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HttpKubeApi } from '../src/kubernetes/http-kube-api.ts'
import { KubeClient } from '../src/kubernetes/kube-client.ts'
import type { RetrySettings } from '../src/kubernetes/kube-retry.ts'

export interface Asked {
  readonly method: string
  /** With its query. */
  readonly url: string
  /** Parsed. */
  readonly body: unknown
  readonly headers: IncomingMessage['headers']
  /** How many came before it. */
  readonly index: number
}

export type Answer = (asked: Asked, response: ServerResponse) => void | Promise<void>

export interface FakeApiServer extends AsyncDisposable {
  readonly url: string
  readonly api: HttpKubeApi
  readonly asked: readonly Asked[]
}

export async function fakeApiServer(answer: Answer, settings?: RetrySettings): Promise<FakeApiServer> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
      const text = Buffer.concat(chunks).toString()
      const { method = '', url = '', headers } = request
      const one: Asked = {
        method,
        url,
        headers,
        body: text === '' ? undefined : JSON.parse(text),
        index: asked.length,
      }
      asked.push(one)
      await answer(one, response)
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = new KubeClient({ ...plainContext, server: url }, settings)
  return {
    url,
    api: new HttpKubeApi(client, 'team'),
    asked,
    async [Symbol.asyncDispose]() {
      client.close()
      server.close()
      server.closeAllConnections()
    },
  }
}

const plainContext = {
  server: '',
  namespace: undefined,
  caCertificate: undefined,
  isInsecure: false,
  serverName: undefined,
  proxyUrl: undefined,
  user: {},
}

export function answerJson(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

/** Refuses as the API server does. */
export function refuse(response: ServerResponse, code: number, reason: string, message: string): void {
  answerJson(response, code, { kind: 'Status', status: 'Failure', code, reason, message })
}
