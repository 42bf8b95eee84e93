/**
 * Samples the memory of manager and workers, prints it, and says whether it stays the same. `npm run soak` has V8 use no more
 * than 16 MiB for new objects at a time: of its own accord it claims 2 × 64 MiB for them and touches them one by one, over
 * minutes, as objects come and go, whether or not any is kept.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Cluster } from '@dialback/manager'
import { memoryOf, processTree } from '../process-memory.ts'

interface Sample {
  readonly seconds: number
  readonly managerMiB: number
  /** Of a worker that lives as long as the soak. */
  readonly veteranMiB: number
  /** Of all workers, divided by their number. */
  readonly workerMiB: number
}

/** How long the other process may take to collect its garbage before its memory is looked at all the same. */
const patienceMs = 2_000
/** What a heap may be larger in the last third than in the second minute, for V8 sizes it by what is going on. */
const slackMiB = 24
const slackShare = 0.15

export class MemoryLog {
  readonly #cluster: Cluster
  readonly #veteran: number
  readonly #veteranPid: number
  readonly #startedAt = performance.now()
  readonly #samples: Sample[] = []

  /** Samples the manager, its workers, and one of them apart, which nothing ends. */
  static async of(cluster: Cluster, veteran: number): Promise<MemoryLog> {
    return new MemoryLog(cluster, veteran, await cluster.remoteCallFetch(() => process.pid, veteran))
  }

  private constructor(cluster: Cluster, veteran: number, veteranPid: number) {
    this.#cluster = cluster
    this.#veteran = veteran
    this.#veteranPid = veteranPid
  }

  /** Takes and prints a sample; `state`: what else to print. */
  async sample(state: string): Promise<void> {
    collectGarbage()
    await this.#collectThere()
    const workers = [...processTree(process.pid)].filter((pid) => pid !== process.pid)
    const sample = {
      seconds: Math.round((performance.now() - this.#startedAt) / 1_000),
      managerMiB: mib(memoryOf([process.pid]).pssBytes),
      veteranMiB: mib(memoryOf([this.#veteranPid]).pssBytes),
      workerMiB: mib(memoryOf(workers).pssBytes / Math.max(1, workers.length)),
    }
    this.#samples.push(sample)
    const heap = mib(process.memoryUsage().heapUsed)
    console.log(
      `${String(sample.seconds).padStart(5)} s  manager ${sample.managerMiB} MiB (heap ${heap})` +
        `  veteran ${sample.veteranMiB} MiB  mean of ${workers.length} workers ${sample.workerMiB} MiB  ${state}`,
    )
  }

  /** Not waited for long: a busy machine must not keep samples from being taken. */
  async #collectThere(): Promise<void> {
    const collecting = this.#cluster.remoteCallFetch(collectItsGarbage, this.#veteran).catch(() => {})
    const enough = new AbortController()
    await Promise.race([collecting, sleep(patienceMs, undefined, { signal: enough.signal })])
    enough.abort()
  }

  /** What has grown since the second minute; empty when nothing has. */
  growth(): string[] {
    const early = this.#samples.filter(({ seconds }) => seconds > 60 && seconds <= 150)
    const late = this.#samples.slice(-Math.max(1, Math.floor(this.#samples.length / 3)))
    if (early.length === 0) return []
    const grown: string[] = []
    for (const key of ['managerMiB', 'veteranMiB', 'workerMiB'] as const) {
      const before = median(early.map((sample) => sample[key]))
      const after = median(late.map((sample) => sample[key]))
      console.log(`${key}: ${before} in the second minute, ${after} in the last third`)
      if (after > before + Math.max(slackMiB, before * slackShare)) grown.push(`${key}: ${before} → ${after}`)
    }
    return grown
  }
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
}

async function collectItsGarbage(): Promise<void> {
  const { setFlagsFromString: setFlags } = await import('node:v8')
  const { runInNewContext: run } = await import('node:vm')
  setFlags('--expose-gc')
  const collect = run('gc') as () => void
  collect()
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 / 102.4) / 10
}
