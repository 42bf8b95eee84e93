/** Nodes that nobody runs: kwok says of their pods that they are running, and nothing else happens. */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { V1Node } from '@kubernetes/client-node'
import type { BenchKube } from './bench-kube.ts'

const version = 'v0.8.0'
const module = 'sigs.k8s.io/kwok'
const podsOfNode = 250
/** Of the node of test/cluster. */
const nodeIp = '10.244.0.1'
const port = 10_247
/** On each of the nodes and in the pods that are to run there, so that nothing else comes there. */
export const fakeNode = { key: 'dialback.dev/fake-node', value: 'true' } as const

export class FakeNodes implements AsyncDisposable {
  readonly #kube: BenchKube
  readonly #names: readonly string[]
  readonly #kwok: ChildProcess

  /** Makes nodes for so many pods, after kwok has been built if it was not there: a minute or two, once. */
  static async start(kube: BenchKube, pods: number): Promise<FakeNodes> {
    const command = await installed()
    const stages = join(await goEnv('GOMODCACHE'), `${module}@${version}`, 'kustomize/stage')
    const configs = [
      'node/fast/node-initialize.yaml',
      'node/heartbeat-with-lease/node-heartbeat-with-lease.yaml',
      'pod/fast/pod-ready.yaml',
      'pod/fast/pod-delete.yaml',
    ].flatMap((file) => ['--config', join(stages, file)])
    const args = ['--manage-nodes-with-label-selector', `${fakeNode.key}=${fakeNode.value}`]
    const logs = await servedLogs(kube.configPath)
    const kwok = spawn(command, ['--kubeconfig', kube.configPath, ...args, ...configs, ...logs], {
      stdio: 'ignore',
    })
    const names = Array.from({ length: Math.ceil(pods / podsOfNode) }, (_, n) => `dialback-fake-${n}`)
    const nodes = new FakeNodes(kube, names, kwok)
    await Promise.all(names.map(async (name) => await kube.send('POST', '/api/v1/nodes', node(name))))
    return nodes
  }

  private constructor(kube: BenchKube, names: readonly string[], kwok: ChildProcess) {
    this.#kube = kube
    this.#names = names
    this.#kwok = kwok
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#names.map(async (name) => await this.#kube.send('DELETE', `/api/v1/nodes/${name}`)),
    )
    if (this.#kwok.exitCode !== null) return
    this.#kwok.kill()
    await once(this.#kwok, 'exit')
  }
}

function node(name: string): V1Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { [fakeNode.key]: fakeNode.value } },
    spec: { taints: [{ ...fakeNode, effect: 'NoSchedule' }] },
    status: {
      allocatable: { cpu: '1000', memory: '4Ti', pods: String(podsOfNode) },
      capacity: { cpu: '1000', memory: '4Ti', pods: String(podsOfNode) },
    },
  }
}

/** Where the cluster is that of test/cluster, kwok can be asked for the pods' logs as a kubelet can: they stay empty. */
async function servedLogs(configPath: string): Promise<readonly string[]> {
  const pki = join(dirname(configPath), 'pki')
  if (!existsSync(join(pki, 'kubelet.key'))) return []
  const folder = await mkdtemp(join(tmpdir(), 'dialback-kwok-'))
  const logsFile = join(folder, 'log')
  const config = join(folder, 'logs.json')
  await writeFile(logsFile, '')
  const kind = { apiVersion: 'kwok.x-k8s.io/v1alpha1', kind: 'ClusterLogs', metadata: { name: 'empty' } }
  await writeFile(config, JSON.stringify({ ...kind, spec: { logs: [{ logsFile, follow: true }] } }))
  const tls = [
    '--tls-cert-file',
    join(pki, 'kubelet.crt'),
    '--tls-private-key-file',
    join(pki, 'kubelet.key'),
  ]
  const address = ['--server-address', `${nodeIp}:${port}`, '--node-ip', nodeIp, '--node-port', String(port)]
  return ['--config', config, ...tls, ...address]
}

async function installed(): Promise<string> {
  const directory = join(homedir(), '.cache', `dialback-kwok-${version}`)
  const command = join(directory, 'kwok')
  if (existsSync(command)) return command
  process.stderr.write(`Building kwok ${version}\n`)
  const env = { ...process.env, GOBIN: directory, CGO_ENABLED: '0' }
  await promisify(execFile)('go', ['install', '-trimpath', `${module}/cmd/kwok@${version}`], { env })
  return command
}

async function goEnv(name: string): Promise<string> {
  const { stdout } = await promisify(execFile)('go', ['env', name])
  return stdout.trim()
}
