/** Runs a fake agent for each worker's pod that is said to be running, and ends the pod with it. */

import type { V1EnvVar, V1Pod, V1Secret } from '@kubernetes/client-node'
import type { BenchKube } from './bench-kube.ts'
import { startFakeAgent } from './fake-agent.ts'
import type { SilentLogs } from './silent-logs.ts'

export class FakeAgents {
  /** When the first and the last pod was seen, in ms of `performance.now()`. */
  firstPodAt = 0
  lastPodAt = 0
  readonly #kube: BenchKube
  readonly #namespace: string
  readonly #logs: SilentLogs | undefined
  readonly #seen = new Set<string>()
  readonly #started = new Set<string>()
  readonly #secrets = new Map<string, Promise<V1Secret>>()

  constructor(kube: BenchKube, namespace: string, logs: SilentLogs | undefined) {
    this.#kube = kube
    this.#logs = logs
    this.#namespace = namespace
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#kube.watchPods(this.#namespace, signal, ({ type, pod }) => {
      if (pod.metadata?.labels?.['app.kubernetes.io/component'] !== 'worker') return
      const uid = pod.metadata.uid ?? ''
      if (type === 'ADDED') this.#note(uid)
      if (pod.status?.phase !== 'Running' || this.#started.has(uid)) return
      this.#started.add(uid)
      this.#start(pod).catch((error: unknown) => {
        if (!signal.aborted) process.stderr.write(`${String(error)}\n`)
      })
    })
  }

  #note(uid: string): void {
    if (this.#seen.has(uid)) return
    this.#seen.add(uid)
    this.lastPodAt = performance.now()
    if (this.#seen.size === 1) this.firstPodAt = this.lastPodAt
  }

  async #start({ metadata, spec }: V1Pod): Promise<void> {
    const variable = (name: string): V1EnvVar | undefined =>
      spec?.containers[0]?.env?.find((entry) => entry.name === name)
    const token = variable('DIALBACK_TOKEN')?.valueFrom?.secretKeyRef
    const url = variable('DIALBACK_URL')?.value
    if (token?.name === undefined || url === undefined) throw new Error('A pod has no token or no URL')
    const { data = {} } = await this.#secret(token.name)
    const decoded = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString()
    const { name = '', uid = '' } = metadata ?? {}
    await startFakeAgent(
      { url, name, uid, token: decoded(token.key), certificate: decoded('certificate') },
      () => void this.#end(name),
    )
  }

  async #secret(name: string): Promise<V1Secret> {
    const path = `/api/v1/namespaces/${this.#namespace}/secrets/${name}`
    // The API server's own schema.
    const secret = this.#secrets.get(name) ?? (this.#kube.send('GET', path) as Promise<V1Secret>)
    this.#secrets.set(name, secret)
    return await secret
  }

  /** As the node would tell of a process that ended by itself. */
  async #end(name: string): Promise<void> {
    this.#logs?.end(name)
    const terminated = { exitCode: 0, reason: 'Completed' }
    const container = { name: 'worker', image: '', imageID: '', ready: false, restartCount: 0 }
    const containerStatuses = [{ ...container, state: { running: null, terminated } }]
    await this.#kube
      .send('PATCH', `/api/v1/namespaces/${this.#namespace}/pods/${name}/status`, {
        status: { phase: 'Succeeded', containerStatuses },
      })
      .catch((error: unknown) => process.stderr.write(`${String(error)}\n`))
  }
}
