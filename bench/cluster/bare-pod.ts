/** A pod that only runs a line of Node in the worker's image: what any start in this cluster takes. */

import type { V1Pod } from '@kubernetes/client-node'
import type { BenchKube } from '../pods/bench-kube.ts'

export interface BarePodOptions {
  readonly name: string
  readonly image: string
  readonly cpu: number
  readonly memory: string
}

/** Node tells when it came to the first line of its program; bench and pod must be on one machine, of one clock. */
const program = 'console.log(Date.now())'

/** Makes the pods at once; resolves to how long it took until the last of them had printed its line, in ms. */
export async function startBarePods(
  kube: BenchKube,
  namespace: string,
  pods: readonly BarePodOptions[],
): Promise<number> {
  const path = `/api/v1/namespaces/${namespace}/pods`
  const startedAt = Date.now()
  await Promise.all(pods.map(async (pod) => await kube.send('POST', path, manifest(pod))))
  const printed = await Promise.all(pods.map(async ({ name }) => Number(await messageOf(kube, path, name))))
  return Math.max(...printed) - startedAt
}

/** What it has written, once it has ended: the container's last message. */
async function messageOf(kube: BenchKube, path: string, name: string): Promise<string> {
  for (;;) {
    // The API server's own schema.
    const { status } = (await kube.send('GET', `${path}/${name}`)) as V1Pod
    const ended = status?.containerStatuses?.[0]?.state?.terminated
    if (ended?.exitCode === 0) return await kube.text(`${path}/${name}/log`)
    if (ended !== undefined) throw new Error(`Pod ${name} ended: ${JSON.stringify(ended)}`)
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
  }
}

const lookEveryMs = 200

function manifest({ name, image, cpu, memory }: BarePodOptions): V1Pod {
  const limits = { cpu: String(cpu), memory }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, runAsUser: 1_000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'bare',
          image,
          command: ['node', '-e', program],
          resources: { requests: limits, limits },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  }
}
