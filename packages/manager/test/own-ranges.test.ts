import { idsPerRange } from '@dialback/protocol'
import { Future, RemoteChannel } from '@dialback/runtime'
import { expect, test } from 'vitest'
import { InMemoryCluster, nothingLeft, settled } from './in-memory-cluster.ts'

test('a manager that has used up a range of ids goes on with the next', async () => {
  await using cluster = new InMemoryCluster(2, idsPerRange - 10)
  const { manager } = cluster
  for (let n = 0; n < 20; n++) {
    const there = new Future<number>({ peer: manager, owner: 2 })
    const here = new Future<number>({ peer: cluster.peer(3), owner: 1 })
    await Promise.all([there.put(n), here.put(n)])
    expect(await Promise.all([there.fetch(), here.fetch()])).toEqual([n, n])
  }
  using channel = RemoteChannel.createOver<number>(manager, { on: 3 })
  await channel.put(5)
  expect(await channel.take()).toBe(5)
  expect(manager.nextId()).toBeGreaterThan(idsPerRange)

  channel.release()
  await settled()
  expect(cluster.left).toEqual(nothingLeft)
})
