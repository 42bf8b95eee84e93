/** Ends one worker after another, in every way in which one can end, and has others take their places. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '@dialback/manager'

export interface DeathPlan {
  readonly cluster: Cluster
  /** Ids that are spared. */
  readonly veterans: readonly number[]
  readonly deaths: number
  /** Over which they are spread, in ms. */
  readonly spreadMs: number
}

type Way = (cluster: Cluster, id: number) => Promise<unknown>

const ways: readonly Way[] = [
  (cluster, id) => cluster.remoteCallFetch(() => process.kill(process.pid, 'SIGKILL'), id),
  (cluster, id) => cluster.remoteCallFetch(() => process.exit(3), id),
  (cluster, id) => cluster.rmProcs(id),
  (cluster, id) => cluster.remoteCallFetch(() => process.kill(process.pid, 'SIGTERM'), id),
]

export class Deaths {
  readonly #plan: DeathPlan
  readonly #joining = new Set<Promise<unknown>>()
  /** How many workers there are to be. */
  readonly #size: number
  #count = 0

  constructor(plan: DeathPlan) {
    this.#plan = plan
    this.#size = plan.cluster.nworkers()
  }

  get count(): number {
    return this.#count
  }

  /** Resolves when all have died and their successors have joined, or `isOver` says so; a worker that does not join is reported. */
  async run(isOver: () => boolean, report: (error: unknown) => void): Promise<void> {
    const { deaths, spreadMs, cluster } = this.#plan
    const startedAt = performance.now()
    while (this.#count < deaths && !isOver()) {
      const dueAt = startedAt + (spreadMs * this.#count) / deaths
      await sleep(Math.max(0, dueAt - performance.now()))
      this.#refill(report)
      const victim = this.#choose()
      if (victim === undefined || this.#joining.size >= 3) {
        await Promise.race([...this.#joining, sleep(50)])
        continue
      }
      const way = ways[this.#count % ways.length]
      this.#count += 1
      // How it ended is the error of the call that ended it.
      void way?.(cluster, victim).catch(() => {})
    }
    await Promise.all(this.#joining)
  }

  /** Has others come for those that are known to be dead. */
  #refill(report: (error: unknown) => void): void {
    const { cluster } = this.#plan
    for (let i = cluster.nworkers() + this.#joining.size; i < this.#size; i++) {
      const joining = cluster
        .addProcs(1)
        .catch(report)
        .finally(() => this.#joining.delete(joining))
      this.#joining.add(joining)
    }
  }

  #choose(): number | undefined {
    const { cluster, veterans } = this.#plan
    const victims = cluster.workers().filter((id) => id !== 1 && !veterans.includes(id))
    return victims.length < 2 ? undefined : victims[Math.floor(Math.random() * victims.length)]
  }
}
