/** What the soak does over and over: each operation counts its calls and says whether what came back was right. */

import { setTimeout as sleep } from 'node:timers/promises'
import { type Cluster, type Future, remoteCallFetch, WorkerPool } from '@dialback/manager'

export interface Operation {
  readonly name: string
  /** Calls and items that it makes. */
  readonly calls: number
  readonly run: () => Promise<boolean>
}

const numbers = Array.from({ length: 1_000 }, (_, i) => i)
const retryDelays = Array.from({ length: 6 }, () => 0.01)

export function operationsOf(cluster: Cluster): Operation[] {
  const pick = (): number => {
    const live = cluster.workers()
    return live[Math.floor(Math.random() * live.length)] ?? 1
  }
  let turn = 0
  return [
    { name: 'calls', calls: 200, run: () => callsOf(cluster, pick) },
    { name: 'batches', calls: 1_000, run: () => batches(cluster) },
    { name: 'items', calls: 200, run: () => items(cluster) },
    { name: 'captured', calls: 50, run: () => captured(cluster, pick, (turn += 50)) },
    { name: 'nested', calls: 40, run: () => nested(cluster, pick) },
    { name: 'futures', calls: 50, run: () => futures(cluster, pick) },
    { name: 'passed', calls: 20, run: () => passed(cluster, pick) },
    { name: 'payload', calls: 2, run: () => payload(cluster, pick) },
    { name: 'pool', calls: 50, run: () => poolCalls(cluster) },
    { name: 'abort', calls: 20, run: () => aborted(cluster) },
    { name: 'everywhere', calls: 5, run: () => defined(cluster, turn) },
  ]
}

async function callsOf(cluster: Cluster, pick: () => number): Promise<boolean> {
  const id = pick()
  const calls = numbers.slice(0, 200).map((n) => cluster.remoteCallFetch(increment, id, n))
  return (await settled(calls)).every((value, n) => value === n + 1)
}

async function batches(cluster: Cluster): Promise<boolean> {
  const values = await cluster.pmap(square, numbers, { batchSize: 'auto', retryDelays })
  return values.every((value, n) => value === n * n)
}

async function items(cluster: Cluster): Promise<boolean> {
  const values = await cluster.pmap(negate, numbers.slice(0, 200), { retryDelays })
  return values.length === 200 && values.every((value, n) => value === -n || n === 0)
}

/** Each call sends a function that no worker has seen. */
async function captured(cluster: Cluster, pick: () => number, turn: number): Promise<boolean> {
  const id = pick()
  const calls = numbers.slice(0, 50).map((n) => {
    const text = `captured ${turn + n}`
    return cluster.remoteCallFetch(() => text.length, id)
  })
  return (await settled(calls)).every((value, n) => value === `captured ${turn + n}`.length)
}

async function nested(cluster: Cluster, pick: () => number): Promise<boolean> {
  const [first, second] = [pick(), pick()]
  const calls = numbers.slice(0, 20).map((n) => cluster.remoteCallFetch(doubleAt, first, second, n))
  return (await settled(calls)).every((value, n) => value === 2 * n)
}

async function futures(cluster: Cluster, pick: () => number): Promise<boolean> {
  const made = numbers.slice(0, 50).map((n) => cluster.remoteCall(listOf, pick(), n))
  const values = await settled(made.map((future) => future.fetch()))
  for (const future of made) future.release()
  return values.every((value, n) => value[0] === n)
}

async function passed(cluster: Cluster, pick: () => number): Promise<boolean> {
  const made = numbers.slice(0, 10).map((n) => cluster.remoteCall(listOf, pick(), n))
  const values = await settled(made.map((future) => cluster.remoteCallFetch(readFuture, pick(), future)))
  for (const future of made) future.release()
  return values.every(([value], n) => value === n)
}

async function payload(cluster: Cluster, pick: () => number): Promise<boolean> {
  const bytes = new Uint8Array(2_000_000).fill(7)
  const back = await cluster.remoteCallFetch(
    (given: Uint8Array) => given.map((byte) => byte + 1),
    pick(),
    bytes,
  )
  return back.length === bytes.length && back[12_345] === 8
}

async function poolCalls(cluster: Cluster): Promise<boolean> {
  const pool = new WorkerPool(cluster.workers(), cluster.peer)
  const twice = pool.remote(double)
  return (await settled(numbers.slice(0, 50).map(twice))).every((value, n) => value === 2 * n)
}

async function aborted(cluster: Cluster): Promise<boolean> {
  const controller = new AbortController()
  const mapping = cluster.pmap(sleepFor, Array<number>(20).fill(60_000), {
    signal: controller.signal,
  })
  setTimeout(() => controller.abort(new Error('enough')), 20)
  const error: unknown = await mapping.then(
    () => 'a value',
    (reason: unknown) => reason,
  )
  if (error instanceof Error && error.message === 'enough') return true
  throw error
}

async function defined(cluster: Cluster, turn: number): Promise<boolean> {
  await cluster.everywhere({ soakTurn: turn })
  return true
}

/** All results; rejects only once all have settled, so that no operation outlives its turn. */
async function settled<R>(calls: readonly Promise<R>[]): Promise<R[]> {
  await Promise.allSettled(calls)
  return await Promise.all(calls)
}

// Functions with a name of their own are made ready to travel once, those that are written in place each time.

function increment(n: number): number {
  return n + 1
}

function square(n: number): number {
  return n * n
}

function negate(n: number): number {
  return -n
}

function double(n: number): number {
  return 2 * n
}

async function doubleAt(id: number, n: number): Promise<number> {
  return await remoteCallFetch(double, id, n)
}

function listOf(n: number): number[] {
  return [n]
}

async function readFuture(future: Future<number[]>): Promise<number[]> {
  return await future.fetch()
}

async function sleepFor(ms: number): Promise<void> {
  await sleep(ms)
}
