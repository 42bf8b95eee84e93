/** From `addProcs` to workers that have answered a call, beside pods of the same image whose Node prints a line. */

import { median } from '../measure.ts'
import { startBarePods } from './bare-pod.ts'
import type { BenchCluster } from './bench-cluster.ts'

export interface StartFigures {
  readonly cpu: number
  readonly pods: number
  /** Medians, in ms. */
  readonly bareMs: number
  readonly joinedMs: number
  readonly calledMs: number
}

const memory = '200Mi'

/** Takes turns, so that what else the machine does tells on both. */
export async function measureStart(
  bench: BenchCluster,
  { cpu, pods, rounds }: { cpu: number; pods: number; rounds: number },
): Promise<StartFigures> {
  const { kube, namespace, image, cluster } = bench
  const bare: number[] = []
  const joined: number[] = []
  const called: number[] = []
  // What comes first also makes a relay where this process is outside of the cluster; it stays, so that the others do not.
  const manager = bench.manager(pods, { cpu, memory })
  const keepers = await cluster.addProcs(manager)
  for (let round = 0; round < rounds; round++) {
    const names = Array.from({ length: pods }, (_, n) => `bare-${cpu * 1_000}-${pods}-${round}-${n}`)
    bare.push(
      await startBarePods(
        kube,
        namespace,
        names.map((name) => ({ name, image, cpu, memory })),
      ),
    )
    const startedAt = performance.now()
    const ids = await cluster.addProcs(manager)
    if (ids.length !== pods) throw new Error(`Only ${ids.length} of ${pods} workers joined`)
    joined.push(performance.now() - startedAt)
    await Promise.all(ids.map(async (id) => await cluster.remoteCallFetch(() => 1, id)))
    called.push(performance.now() - startedAt)
    await cluster.rmProcs(ids)
  }
  await cluster.rmProcs(keepers)
  return { cpu, pods, bareMs: median(bare), joinedMs: median(joined), calledMs: median(called) }
}
