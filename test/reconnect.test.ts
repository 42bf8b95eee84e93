import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { LocalManager, remoteCallFetch } from '@dialback/manager'
import { expect, test } from 'vitest'
import { note, notesSoFar } from './fixtures/notes.ts'
import { startCluster } from './test-cluster.ts'
import { openProxy } from './through-proxy.ts'

test('connections that break lose no call, run none twice, and keep their order', async () => {
  await using proxy = await openProxy()
  await using started = await startCluster()
  const { cluster, env, log } = started
  await cluster.addProcs(proxy.through(new LocalManager(2, { env })))
  let broken = 0

  const calls: Promise<number>[] = []
  for (let i = 0; i < 600; i++) {
    calls.push(cluster.remoteCallFetch(noteAndReturn, 2, i, new Uint8Array(i % 20 === 0 ? 400_000 : 10)))
    if (i % 40 !== 39) continue
    await proxy.connected()
    await sleep(20)
    broken += proxy.break()
  }

  expect(await Promise.all(calls)).toEqual(Array.from({ length: 600 }, (_, i) => i))
  expect(await cluster.remoteCallFetch(notesSoFar, 2)).toEqual(Array.from({ length: 600 }, (_, i) => i))
  expect(broken).toBeGreaterThan(10)
  // A connection that breaks before its hello is told of, as any stranger's would be; no worker is lost.
  const unexpected = log.filter((line) => line.startsWith('warn') && !/Dropped a connection/.test(line))
  expect(unexpected).toEqual([])
})

test('large bodies and nested calls survive connections that break under way', async () => {
  await using proxy = await openProxy()
  await using started = await startCluster()
  const { cluster, env } = started
  await cluster.addProcs(proxy.through(new LocalManager(2, { env })))
  const bytes = new Uint8Array(30 * 2 ** 20).map((_, i) => i % 251)

  const calls = [2, 3].map((id) =>
    cluster.remoteCallFetch(
      async (there: Uint8Array, next: number) =>
        await remoteCallFetch((further: Uint8Array) => further, next, there),
      id,
      bytes,
      5 - id,
    ),
  )
  for (let i = 0; i < 10; i++) {
    await proxy.connected()
    await sleep(30)
    proxy.break()
  }

  for (const back of await Promise.all(calls)) expect(Buffer.compare(back, bytes)).toBe(0)
})

test('a worker in a busy loop whose connection breaks goes on and answers', async () => {
  await using proxy = await openProxy()
  await using started = await startCluster()
  const { cluster, env } = started
  await cluster.addProcs(proxy.through(new LocalManager(1, { env })))

  const call = cluster.remoteCallFetch(
    (ms: number) => {
      writeSync(2, 'spinning\n')
      const end = performance.now() + ms
      while (performance.now() < end);
      return 'done'
    },
    2,
    1_500,
  )
  await started.logged('2: spinning')
  proxy.break()

  expect(await call).toBe('done')
})

function noteAndReturn(n: number, _: Uint8Array): number {
  note(n)
  return n
}
