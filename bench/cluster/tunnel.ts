/** What the tunnel costs beside workers that dial directly: round trips, large values, and what small ones wait meanwhile. */

import { median } from '../measure.ts'
import type { BenchCluster } from './bench-cluster.ts'

export interface CarriedFigures {
  readonly roundTripMs: number
  /** 8 MiB there and back. */
  readonly payloadMs: number
  /** The longest that another worker's answer took while 8 MiB went to and fro: heartbeats wait as long. */
  readonly longestMs: number
}

const calls = 300
const payloads = 15
const payloadBytes = 8 * 2 ** 20

export async function measureCarried({ cluster, manager }: BenchCluster): Promise<CarriedFigures> {
  const ids = await cluster.addProcs(manager(2, { cpu: 0.5, memory: '400Mi' }))
  const [first = 0, second = 0] = ids
  const call = async (id: number): Promise<number> =>
    await took(async () => await cluster.remoteCallFetch((value: number) => value, id, 42))
  for (let n = 0; n < calls; n++) await call(first)
  const trips: number[] = []
  for (let n = 0; n < calls; n++) trips.push(await call(first))
  const bytes = new Uint8Array(payloadBytes).fill(1)
  const echo = async (): Promise<number> =>
    await took(async () => {
      const back = await cluster.remoteCallFetch((value: Uint8Array) => value, first, bytes)
      if (back.byteLength !== payloadBytes) throw new Error(`Received ${back.byteLength} bytes`)
    })
  await echo()
  const echoes: number[] = []
  let longestMs = 0
  let isOver = false
  const others = (async () => {
    while (!isOver) longestMs = Math.max(longestMs, await call(second))
  })()
  for (let n = 0; n < payloads; n++) echoes.push(await echo())
  isOver = true
  await others
  await cluster.rmProcs(ids)
  return { roundTripMs: median(trips), payloadMs: median(echoes), longestMs }
}

async function took(body: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await body()
  return performance.now() - startedAt
}
