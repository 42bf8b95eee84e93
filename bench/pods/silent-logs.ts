/** Answers for the nodes that nobody runs when the API server asks for the log of a pod: nothing is in it until the pod ends. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { join } from 'node:path'

export class SilentLogs implements AsyncDisposable {
  readonly #server: Server
  readonly #followed = new Map<string, ServerResponse>()

  /** Serves with the certificate of the kubelet of test/cluster, which is in `pki`. */
  static async listen(pki: string, { host, port }: { host: string; port: number }): Promise<SilentLogs> {
    const read = (name: string): Buffer => readFileSync(join(pki, name))
    const logs = new SilentLogs(createServer({ cert: read('kubelet.crt'), key: read('kubelet.key') }))
    logs.#server.listen(port, host)
    await once(logs.#server, 'listening')
    return logs
  }

  private constructor(server: Server) {
    this.#server = server
    server.on('request', ({ url = '' }, response) => {
      // /containerLogs/NAMESPACE/POD/CONTAINER
      this.#followed.set(url.split('/')[3] ?? '', response)
      response.writeHead(200, { 'content-type': 'text/plain' })
      response.flushHeaders()
    })
  }

  end(pod: string): void {
    this.#followed.get(pod)?.end()
    this.#followed.delete(pod)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}
