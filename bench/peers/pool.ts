/** What a workload needs of a peer. */

import type { FunctionName } from '../functions.ts'

export type PoolPeer = 'ours' | 'bare:ws' | 'bare:ws+co' | 'fork' | 'piscina'

export type Call = (worker: number, name: FunctionName, argument?: unknown) => Promise<unknown>
export type MapItems = (name: FunctionName, items: readonly number[]) => Promise<unknown[]>

export interface Pool {
  /** Runs one function on worker `0 … n - 1`; a peer without addressing chooses the worker itself. */
  readonly call: Call
  /** The peer's ways to map, by variant; one that starts with `batch=100` sends 100 items a message. */
  readonly maps: Readonly<Record<string, MapItems>>
  stop(): Promise<void>
}

/** Starts `n` workers; resolves when each can be called. */
export async function startPool(peer: PoolPeer, n: number): Promise<Pool> {
  switch (peer) {
    case 'ours':
      return await (await import('./ours.ts')).startOurs(n)
    case 'bare:ws':
      return await (await import('./bare/start-bare.ts')).startBare(n, { isJoined: false })
    case 'bare:ws+co':
      return await (await import('./bare/start-bare.ts')).startBare(n, { isJoined: true })
    case 'fork':
      return await (await import('./fork/start-fork.ts')).startFork(n)
    case 'piscina':
      return await (await import('./piscina.ts')).startPiscina(n)
  }
}
