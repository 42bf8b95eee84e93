/** What the commands of `threads.test.ts` run on workers; and on the manager, where it is noted what has begun. */

import { type Future, remoteCall, remoteCallFetch } from '@dialback/manager'

/** On the manager: how often each call began. */
const runs = new Map<number, number>()

function noteRun(id: number): void {
  runs.set(id, (runs.get(id) ?? 0) + 1)
}

/** Calls that began more than once so far, and whether one began. */
export function runsSoFar(): ReadonlyMap<number, number> {
  return runs
}

export async function counted(id: number, _load?: Uint8Array): Promise<number> {
  await remoteCallFetch(noteRun, 1, id)
  return id
}

/** Makes so many calls to another worker at once, each with a load of its own. */
export async function callFrom(target: number, ids: readonly number[], loadBytes: number): Promise<number[]> {
  return await Promise.all(ids.map((id) => remoteCallFetch(counted, target, id, new Uint8Array(loadBytes))))
}

/** Whether a body comes back from another worker as what was made of it there. */
export async function echoFrom(target: number, bytes: number, value: number): Promise<boolean> {
  const back = await remoteCallFetch(increased, target, new Uint8Array(bytes).fill(value))
  return back.byteLength === bytes && back.every((each) => each === value + 1)
}

function increased(array: Uint8Array): Uint8Array {
  return array.map((each) => each + 1)
}

export function same(n: number): number {
  return n
}

export function spin(): never {
  for (;;);
}

export async function fetchIt(future: Future<number>): Promise<number> {
  return await future.fetch()
}

/** Gives a future that another worker keeps. */
export function futureAt(target: number, n: number): Future<number> {
  return remoteCall(same, target, n)
}

export function terminate(): void {
  process.kill(process.pid, 'SIGTERM')
}
