/** A namespace for one test, in the cluster that KUBECONFIG names; it goes with all that is in it. */

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  BatchV1Api,
  CoreV1Api,
  KubeConfig,
  RbacAuthorizationV1Api,
  type V1Pod,
} from '@kubernetes/client-node'
import { root } from '../../support/run-script.ts'
import { listen } from './free-port.ts'

/** Without a cluster these tests are skipped; scripts/test.ts says so. */
export const hasCluster: boolean = process.env['KUBECONFIG'] !== undefined

const { version } = JSON.parse(readFileSync(join(root, 'packages/manager/package.json'), 'utf8')) as {
  version: string
}
/** What `npm run cluster:images` makes. */
export const workerImage: string = `localhost/dialback-worker:${version}`
export const managerImage: string = `localhost/dialback-manager:${version}`

export class TestNamespace implements AsyncDisposable {
  readonly name: string
  readonly core: CoreV1Api
  readonly batch: BatchV1Api
  readonly rbac: RbacAuthorizationV1Api

  /** Makes one that refuses whatever does not meet the restricted Pod Security Standard. */
  static async create(): Promise<TestNamespace> {
    const config = new KubeConfig()
    config.loadFromDefault()
    const namespace = new TestNamespace(config, `dialback-test-${randomBytes(4).toString('hex')}`)
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
    await namespace.core.createNamespace({ body: { metadata: { name: namespace.name, labels } } })
    await eventually('the service account "default"', async () => {
      const { items } = await namespace.core.listNamespacedServiceAccount({ namespace: namespace.name })
      return items.length > 0
    })
    return namespace
  }

  private constructor(config: KubeConfig, name: string) {
    this.name = name
    this.core = config.makeApiClient(CoreV1Api)
    this.batch = config.makeApiClient(BatchV1Api)
    this.rbac = config.makeApiClient(RbacAuthorizationV1Api)
  }

  async pods(labelSelector = ''): Promise<V1Pod[]> {
    const { items } = await this.core.listNamespacedPod({ namespace: this.name, labelSelector })
    return items
  }

  /** Names what a manager made here and is still there. */
  async left(): Promise<string[]> {
    const labelSelector = 'app.kubernetes.io/managed-by=dialback'
    const request = { namespace: this.name, labelSelector }
    const lists = await Promise.all([
      this.core.listNamespacedPod(request),
      this.core.listNamespacedSecret(request),
      this.batch.listNamespacedJob(request),
      this.core.listNamespacedConfigMap(request),
      this.core.listNamespacedService(request),
    ])
    return lists.flatMap(({ items }) => items.map(({ metadata }) => metadata?.name ?? ''))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.core.deleteNamespace({ name: this.name })
  }
}

/** Waits until `check` holds. The cluster changes by itself, and not all of it can be watched. @throws {Error} after a while. */
export async function eventually(
  what: string,
  check: () => Promise<boolean>,
  withinMs = 120_000,
): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`Not there within ${withinMs} ms: ${what}`)
    await sleep(200)
  }
}

/** Finds an address of this machine that pods reach, by a pod that tries them all. */
export async function reachableAddress(namespace: TestNamespace): Promise<string> {
  const addresses = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address)
  const server = createServer((socket) => socket.destroy())
  const port = await listen(server)
  const code = `for (const host of ${JSON.stringify(addresses)}) require('net').connect(${port}, host)
    .on('connect', () => { console.log(host); process.exit() }).on('error', () => {})`
  try {
    const pod = await namespace.core.createNamespacedPod({
      namespace: namespace.name,
      body: { metadata: { generateName: 'probe-' }, spec: restricted(workerImage, ['node', '-e', code]) },
    })
    const name = pod.metadata?.name ?? ''
    await ended(namespace, name)
    const address = (await namespace.core.readNamespacedPodLog({ namespace: namespace.name, name })).trim()
    if (address === '') throw new Error(`No pod reaches this machine at any of ${addresses.join(', ')}`)
    return address
  } finally {
    server.close()
  }
}

/** Waits until a pod has ended. */
export async function ended({ core, name: namespace }: TestNamespace, name: string): Promise<void> {
  await eventually(`the end of pod ${name}`, async () => {
    const { status } = await core.readNamespacedPod({ namespace, name })
    return status?.phase === 'Succeeded' || status?.phase === 'Failed'
  })
}

/** The spec of a pod that the restricted Pod Security Standard lets run. */
export function restricted(image: string, command: string[]): NonNullable<V1Pod['spec']> {
  return {
    restartPolicy: 'Never',
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'main',
        image,
        command,
        resources: { requests: { cpu: '100m', memory: '200Mi' } },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        terminationMessagePolicy: 'FallbackToLogsOnError',
      },
    ],
  }
}
