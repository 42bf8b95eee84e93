/** What the commands run on workers: apart from them, so that nothing else travels along. */

import { setTimeout as sleep } from 'node:timers/promises'
import { callSignal, myid, pmap, type RemoteChannel, remoteCallFetch } from '@dialback/manager'

export function increment(n: number): number {
  return n + 1
}

export async function wait(n: number): Promise<number> {
  return await sleep(n % 20, n)
}

export function fail(): never {
  throw new RangeError('as it should')
}

export function list(n: number): number[] {
  return [n]
}

export function square(n: number): number {
  return n * n
}

function negate(n: number): number {
  return -n
}

export async function mapThere(): Promise<number[]> {
  return await pmap(negate, [1, 2, 3], { retryDelays: [0, 0, 0] })
}

export function die(): void {
  process.kill(process.pid, 'SIGKILL')
}

export async function visit(way: readonly number[]): Promise<number[]> {
  const [next, ...rest] = way
  return [myid(), ...(next === undefined ? [] : await remoteCallFetch(visit, next, rest))]
}

export async function untilAborted(): Promise<never> {
  const signal = callSignal()
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  throw signal.reason
}

export async function putThere(channel: RemoteChannel<number>, value: number): Promise<number> {
  await channel.put(value)
  return value
}

export async function takeThere(channel: RemoteChannel<number>): Promise<number> {
  return await channel.take()
}
