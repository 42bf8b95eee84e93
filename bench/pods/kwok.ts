/** Nodes that nobody runs: kwok says of their pods that they are running, and nothing else happens. */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { V1Node } from '@kubernetes/client-node'
import type { BenchKube } from './bench-kube.ts'
import { SilentLogs } from './silent-logs.ts'

const version = 'v0.8.0'
const module = 'sigs.k8s.io/kwok'
const podsOfNode = 250
/** Of the node of test/cluster. */
const nodeIp = '10.244.0.1'
const port = 10_247
/** On each of the nodes and in the pods that are to run there, so that nothing else comes there. */
export const fakeNode = { key: 'dialback.dev/fake-node', value: 'true' } as const

export class FakeNodes implements AsyncDisposable {
  readonly logs: SilentLogs | undefined
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
    // Its own server, of which nobody knows, would be on that port as well.
    const address = ['--server-address', '127.0.0.1:0', '--node-ip', nodeIp, '--node-port', String(port)]
    const kwok = spawn(
      command,
      ['--kubeconfig', kube.configPath, ...args, ...configs, ...(logs === undefined ? [] : address)],
      {
        stdio: 'ignore',
      },
    )
    kwok.once('exit', tellOfEnd)
    const names = Array.from({ length: Math.ceil(pods / podsOfNode) }, (_, n) => `dialback-fake-${n}`)
    const nodes = new FakeNodes(kube, { names, kwok, logs })
    await Promise.all(names.map(async (name) => await kube.send('POST', '/api/v1/nodes', node(name))))
    return nodes
  }

  private constructor(
    kube: BenchKube,
    { names, kwok, logs }: { names: readonly string[]; kwok: ChildProcess; logs: SilentLogs | undefined },
  ) {
    this.#kube = kube
    this.#names = names
    this.#kwok = kwok
    this.logs = logs
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#names.map(async (name) => await this.#kube.send('DELETE', `/api/v1/nodes/${name}`)),
    )
    await this.logs?.[Symbol.asyncDispose]()
    this.#kwok.off('exit', tellOfEnd)
    if (this.#kwok.exitCode !== null) return
    this.#kwok.kill()
    await once(this.#kwok, 'exit')
  }
}

function tellOfEnd(): void {
  process.stderr.write('kwok has ended: no pod will run\n')
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

/**
 * Where the cluster is that of test/cluster, the API server is told to ask this process for the pods' logs. kwok would
 * serve them too, but it needs one of the system's few inotify instances for each that is followed.
 */
async function servedLogs(configPath: string): Promise<SilentLogs | undefined> {
  const pki = join(dirname(configPath), 'pki')
  return existsSync(join(pki, 'kubelet.key'))
    ? await SilentLogs.listen(pki, { host: nodeIp, port })
    : undefined
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
