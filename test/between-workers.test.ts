import { writeSync } from 'node:fs'
import { myid, RemoteError, remoteCallFetch } from '@dialback/manager'
import { expect, test } from 'vitest'
import { runScript } from './support/run-script.ts'
import { withoutSharedMemory } from './support/without-shared-memory.ts'
import { startCluster } from './test-cluster.ts'

const ways: readonly [title: string, env: Record<string, string>][] = [
  ['shared memory', {}],
  ['the socket', withoutSharedMemory()],
]

test.each(ways)(
  'bodies of 100 MiB from worker to worker through %s do not stay with the manager',
  { timeout: 120_000 },
  async (_title, env) => {
    const { stdout, code } = await runScript('test/fixtures/relay-memory.ts', {
      args: [JSON.stringify(env)],
      timeoutMs: 110_000,
    })
    const { passed, grownMib } = JSON.parse(stdout) as { passed: number[]; grownMib: number }

    expect(code).toBe(0)
    expect(passed).toEqual([100 * 2 ** 20, 100 * 2 ** 20])
    expect(grownMib).toBeLessThan(16)
  },
)

test('calls go four deep and back through all processes, while each is busy with calls of its own', async () => {
  await using started = await startCluster(3)
  const { cluster } = started
  const ids = [1, 2, 3, 4]
  const load = ids.map((id) => cluster.remoteCallFetch(keepBusy, id, ids))
  const routes = ids.flatMap((a) => ids.map((b) => [a, b, 1, a, b]))

  const visited = await Promise.all(
    routes.map((route) => cluster.remoteCallFetch(visit, route[0] ?? 1, route.slice(1))),
  )
  await Promise.all(ids.map((id) => cluster.remoteCallFetch(beIdle, id)))

  expect(visited).toEqual(routes)
  for (const calls of await Promise.all(load)) expect(calls).toBeGreaterThan(0)
})

test('an error from four calls away names each process that it passed, once', async () => {
  await using started = await startCluster(2)
  const { cluster } = started

  const error: unknown = await cluster
    .remoteCallFetch(visit, 2, [3, 1, 3, 0])
    .catch((rejection: unknown) => rejection)

  expect(String(error)).toBe(
    'RemoteError: On worker 2: On worker 3: On worker 1: On worker 3: RangeError: no way to 0',
  )
  const hops: unknown[] = []
  for (let each = error; each instanceof RemoteError; each = each.cause) hops.push(each.workerId)
  expect(hops).toEqual([2, 3, 1, 3])
})

test('large bodies of a worker arrive whole elsewhere after its thread was replaced, again and again', async () => {
  await using started = await startCluster(2)
  const { cluster } = started

  for (let round = 1; round <= 4; round++) {
    expect(await cluster.remoteCallFetch(sumThere, 2, 3, 3 * 2 ** 20, round)).toBe(3 * 2 ** 20 * round)
    const spinning = cluster.remoteCallFetch(spin, 2, round).catch((error: unknown) => error)
    await started.logged(`2: spinning ${round}`)
    await cluster.interrupt(2)
    expect(await spinning).toMatchObject({ cause: { name: 'AbortError' } })
  }
})

async function sumThere(target: number, bytes: number, value: number): Promise<number> {
  const sum = (array: Uint8Array): number => array.reduce((total, each) => total + each, 0)
  return await remoteCallFetch(sum, target, new Uint8Array(bytes).fill(value))
}

function spin(round: number): never {
  writeSync(2, `spinning ${round}\n`)
  for (;;);
}

/** Gives the ids of the processes on the way. */
async function visit(ids: number[]): Promise<number[]> {
  const [next, ...rest] = ids
  if (next === undefined) return [myid()]
  if (next === 0) throw new RangeError('no way to 0')
  return [myid(), ...(await remoteCallFetch(visit, next, rest))]
}

/** Computes, and calls all others, again and again until `beIdle`. Gives the number of rounds. */
async function keepBusy(ids: number[]): Promise<number> {
  let rounds = 0
  Reflect.set(globalThis, 'isBusy', true)
  while (Reflect.get(globalThis, 'isBusy') === true) {
    const until = performance.now() + 3
    while (performance.now() < until);
    await Promise.all(ids.map((id) => remoteCallFetch(() => myid(), id)))
    rounds += 1
  }
  return rounds
}

function beIdle(): void {
  Reflect.set(globalThis, 'isBusy', false)
}
