/** Workers that go away while pmap runs: whose fault it was decides what becomes of the items. */

import { setTimeout as sleep } from 'node:timers/promises'
import { myid, remoteCallFetch, WorkerPool } from '@dialback/manager'
import { expect, test } from 'vitest'
import { attemptOf, attemptsOf, listen, tell } from './fixtures/attempts.ts'
import { errorOf, group, type Place, range, startPlaced } from './place.ts'

export function pmapLossCases(place: Place): void {
  group(place, 'pmap and workers that go away', (shared) => {
    test.each([1, 3])(
      'batchSize %d: an item that ends its worker is a failure of the item',
      async (batchSize) => {
        const { cluster } = shared
        const [late = 0] = await shared.add(1)
        const key = crypto.randomUUID()
        const pool = new WorkerPool([late], cluster.peer)
        const error = await errorOf(
          cluster.pmap(async (n: number) => await endOnce(key, n), [0, 1, 2], { batchSize, pool }),
        )
        expect(error).toMatchObject({
          name: 'WorkerTerminatedError',
          workerId: late,
          exitCode: 9,
          blame: 'item',
        })
      },
    )

    test.each([1, 3])(
      'batchSize %d: retryDelays run what ended its worker again elsewhere',
      async (batchSize) => {
        const { cluster } = shared
        const [late = 0] = await shared.add(1)
        const key = crypto.randomUUID()
        const pool = new WorkerPool([late, 2, 3], cluster.peer)
        const values = await cluster.pmap(async (n: number) => await endOnce(key, n), range(9), {
          batchSize,
          pool,
          retryDelays: [0, 0, 0],
          workerLosses: 0,
        })
        expect(values).toEqual(range(9))
      },
    )

    test('retryCheck and onError get the WorkerTerminatedError of what ended its worker', async () => {
      const { cluster } = shared
      const [late = 0] = await shared.add(1)
      const heard: string[] = []
      const values = await cluster.pmap(() => process.exit(9), [5], {
        pool: new WorkerPool([late], cluster.peer),
        retryDelays: [0],
        retryCheck: (error, { attempt }) => heard.push(`check ${error.name} ${attempt}`) < 0,
        onError: (error, item, index) => {
          heard.push(`onError ${error.name} ${item} ${index}`)
          return 'replaced' as never
        },
      })
      expect([values, heard]).toEqual([
        ['replaced'],
        ['check WorkerTerminatedError 1', 'onError WorkerTerminatedError 5 0'],
      ])
    })

    test.each([1, 3])('batchSize %d: an item whose worker was removed runs again', async (batchSize) => {
      const { cluster } = shared
      const [late = 0] = await shared.add(1)
      const key = crypto.randomUUID()
      listen(key, (id) => void cluster.rmProcs(id))
      const values = await cluster.pmap(async (n: number) => await stayUntilRemoved(key, n), range(6), {
        batchSize,
        pool: new WorkerPool([late, 2, 3], cluster.peer),
        workerLosses: 1,
      })
      expect(values).toEqual(range(6))
      expect(cluster.workers()).toEqual([2, 3])
    })

    test('workerLosses: 0 makes a removed worker a failure of the item', async () => {
      const { cluster } = shared
      const [late = 0] = await shared.add(1)
      const key = crypto.randomUUID()
      listen(key, (id) => void cluster.rmProcs(id))
      const error = await errorOf(
        cluster.pmap(async (n: number) => await stayUntilRemoved(key, n), [0], {
          pool: new WorkerPool([late, 2], cluster.peer),
          workerLosses: 0,
        }),
      )
      expect(error).toMatchObject({ workerId: late, reason: 'Removed', blame: 'requested' })
      expect(attemptsOf(`${key} 0`)).toBe(1)
    })

    test('workerLosses: 0 and a retryDelay run it once more', async () => {
      const { cluster } = shared
      const [late = 0] = await shared.add(1)
      const key = crypto.randomUUID()
      listen(key, (id) => void cluster.rmProcs(id))
      const values = await cluster.pmap(async (n: number) => await stayUntilRemoved(key, n), [0], {
        pool: new WorkerPool([late, 2], cluster.peer),
        workerLosses: 0,
        retryDelays: [0],
      })
      expect([values, attemptsOf(`${key} 0`)]).toEqual([[0], 2])
    })

    test('pmap rejects with the loss when the last worker of its pool goes', async () => {
      const { cluster } = shared
      const [late = 0] = await shared.add(1)
      const key = crypto.randomUUID()
      listen(key, (id) => void cluster.rmProcs(id))
      const error = await errorOf(
        cluster.pmap(async (n: number) => await stayUntilRemoved(key, n), range(4), {
          pool: new WorkerPool([late], cluster.peer),
        }),
      )
      expect(error).toMatchObject({ name: 'WorkerTerminatedError', workerId: late, reason: 'Removed' })
    })

    test('a worker that joins takes part', async () => {
      const { cluster } = shared
      const adding = { late: shared.add(1), isOver: false }
      void adding.late.then(() => {
        adding.isOver = true
      })
      const untilJoined = function* () {
        for (let n = 0; !adding.isOver || n % 60 !== 0; n++) yield n
      }
      const ids = await cluster.pmap(async () => {
        await sleep(10)
        return myid()
      }, untilJoined())
      const [late] = await adding.late
      expect(ids.filter((id) => ![2, 3, late].includes(id))).toEqual([])
      expect(await cluster.pmap(() => sleep(20).then(() => myid()), range(12))).toContain(late)
    })

    test('pmap that began without workers stays here until one joins', async () => {
      await using started = await startPlaced(place, 0)
      const { cluster, env } = started
      const adding = cluster.addProcs(place.makeManager(1, { env }))
      let isJoined = false
      void adding.then(() => {
        isJoined = true
      })
      const items = async function* () {
        for (let n = 0; !isJoined; n++) {
          yield n
          await sleep(5)
        }
        yield* range(20)
      }
      const ids = await cluster.pmap(() => myid(), items())
      await adding
      expect([ids[0], ids.at(-1)]).toEqual([1, 2])
    })
  })
}

/** Ends its worker, which the first item goes to, the first time that it runs. */
async function endOnce(key: string, n: number): Promise<number> {
  if (n === 0 && (await remoteCallFetch(attemptOf, 1, `${key} ${n}`)) === 1) process.exit(9)
  return n
}

/** The first item asks for the end of its worker and waits for it; when it runs again it is done at once. */
async function stayUntilRemoved(key: string, n: number): Promise<number> {
  if (n !== 0) return n
  if ((await remoteCallFetch(attemptOf, 1, `${key} ${n}`)) > 1) return n
  void remoteCallFetch(tell, 1, key, myid())
  return await new Promise(() => {})
}
