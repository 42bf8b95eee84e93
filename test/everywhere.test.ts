import { writeSync } from 'node:fs'
import { myid } from '@dialback/manager'
import { expect, test } from 'vitest'
import { note, notesSoFar } from './fixtures/notes.ts'
import { startCluster } from './test-cluster.ts'

test('everywhere() runs the function once on every process, the manager last', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  // By the clock that all processes of a machine have in common.
  const here: number[] = []
  Reflect.set(globalThis, 'ran', here)

  await cluster.everywhere(async () => {
    const ran: unknown = Reflect.get(globalThis, 'ran')
    if (Array.isArray(ran)) ran.push(Number(process.hrtime.bigint()))
    else {
      await new Promise((resolve) => setTimeout(resolve, 200))
      Reflect.set(globalThis, 'ran', [Number(process.hrtime.bigint())])
    }
  })
  const there = await Promise.all(
    [2, 3].map((id) => cluster.remoteCallFetch(() => Reflect.get(globalThis, 'ran') as number[], id)),
  )

  expect([...there, here].map((times) => times.length)).toEqual([1, 1, 1])
  expect(here[0]).toBeGreaterThanOrEqual(Math.max(...there.flat()))
})

test('everywhere() defines globals: data, functions and classes', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  class Point {
    readonly x: number
    constructor(x: number) {
      this.x = x
    }
  }

  await cluster.everywhere({ scale: 3, triple: (n: number) => n * 3, Point, table: new Map([['a', 1n]]) })
  const used = (): unknown[] => {
    const { scale, triple, Point: There, table } = globalThis as unknown as Defined
    return [scale, triple(2), new There(5).x, table.get('a')]
  }

  for (const id of [1, 2, 3]) expect(await cluster.remoteCallFetch(used, id)).toEqual([3, 6, 5, 1n])
})

test('everywhere() is replayed in order for workers that join later, before their first call', async () => {
  await using started = await startCluster(1)
  const { cluster, env } = started
  for (let i = 0; i < 5; i++) {
    await cluster.everywhere(async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 50))
      note(i)
    })
  }

  const adding = cluster.addProcs(2, { env })
  await started.logged('local-3 is up')
  const first = await cluster.remoteCallFetch(notesSoFar, 3)
  await adding

  expect(first).toEqual([0, 1, 2, 3, 4])
  expect(await cluster.remoteCallFetch(notesSoFar, 4)).toEqual([0, 1, 2, 3, 4])
  expect(await cluster.remoteCallFetch(notesSoFar, 2)).toEqual([0, 1, 2, 3, 4])
})

test('everywhere() during addProcs() reaches each joining worker exactly once and in order', async () => {
  await using started = await startCluster(1)
  const { cluster, env } = started
  let isAdding = true
  const adding = cluster.addProcs(4, { env, threads: 2 }).finally(() => {
    isAdding = false
  })

  let count = 0
  while (isAdding) {
    const n = count++
    await cluster.everywhere(() => note(n))
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await adding

  const all = Array.from({ length: count }, (_, i) => i)
  for (const id of [2, 3, 4, 5, 6])
    expect(await cluster.remoteCallFetch(notesSoFar, id), `worker ${id}`).toEqual(all)
})

test('everywhere({ replay: false }) and everywhere({ procs }) are not run by workers that join later', async () => {
  await using started = await startCluster(2)
  const { cluster, env } = started

  await cluster.everywhere({ once: 1 }, { replay: false })
  await cluster.everywhere({ some: 1 }, { procs: [2] })
  await cluster.addProcs(1, { env })
  const defined = (): boolean[] => ['once', 'some'].map((name) => Reflect.has(globalThis, name))

  expect(await cluster.remoteCallFetch(defined, 2)).toEqual([true, true])
  expect(await cluster.remoteCallFetch(defined, 3)).toEqual([true, false])
  expect(await cluster.remoteCallFetch(defined, 4)).toEqual([false, false])
})

test('everywhere() that is refused is not replayed either', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const procs = [2, '3'] as unknown as number[]

  const refused = cluster.everywhere(() => Reflect.set(globalThis, 'refused', true), { procs, replay: true })
  await expect(refused).rejects.toThrow("everywhere takes ids of processes: '3'")
  await cluster.addProcs(1)

  expect(await cluster.remoteCallFetch(() => Reflect.get(globalThis, 'refused'), 3)).toBeUndefined()
})

test('everywhere() is replayed in a thread that had to be replaced', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  await cluster.everywhere({ first: 1 })
  await cluster.everywhere(
    () => void Reflect.set(globalThis, 'second', Number(Reflect.get(globalThis, 'first')) + 1),
  )
  const spinning = expect(cluster.remoteCallFetch(spin, 2)).rejects.toThrow(/Interrupted/)
  await started.logged('2: spinning')

  await cluster.interrupt(2)
  await spinning

  expect(
    await cluster.remoteCallFetch(
      () => [Reflect.get(globalThis, 'first'), Reflect.get(globalThis, 'second')],
      2,
    ),
  ).toEqual([1, 2])
})

test('everywhere() runs on each thread of a worker', async () => {
  await using started = await startCluster(1, { threads: 3 })
  const { cluster } = started

  await cluster.everywhere({ here: true })
  const answers = await Promise.all(
    Array.from({ length: 30 }, () =>
      cluster.remoteCallFetch(async () => {
        const { threadId } = await import('node:worker_threads')
        return [threadId, Reflect.get(globalThis, 'here')] as const
      }, 2),
    ),
  )

  expect(new Set(answers.map(([threadId]) => threadId)).size).toBe(3)
  expect(answers.every(([, here]) => here === true)).toBe(true)
})

test('everywhere() attempts all and gives the failures together, in the order of the ids', async () => {
  await using started = await startCluster(3)
  const { cluster } = started
  await cluster.remoteCallFetch(() => process.exit(1), 3).catch(() => {})

  const error: unknown = await cluster
    .everywhere(
      async () => {
        // The later the id, the sooner it fails.
        await new Promise((resolve) => setTimeout(resolve, 200 - 40 * myid()))
        if (myid() !== 2) throw new RangeError(`no ${myid()}`)
        Reflect.set(globalThis, 'reached', true)
      },
      { procs: [4, 3, 2, 1, 99] },
    )
    .catch((reason: unknown) => reason)

  if (!(error instanceof AggregateError)) throw new Error(`Expected an AggregateError: ${String(error)}`)
  const messages = error.errors.map((each: unknown) => (each instanceof Error ? each.message : String(each)))
  expect(messages).toEqual([
    expect.stringContaining('On worker 1: RangeError: no 1'),
    expect.stringContaining('Worker 3 was terminated'),
    expect.stringContaining('On worker 4: RangeError: no 4'),
    expect.stringContaining('99'),
  ])
  expect(await cluster.remoteCallFetch(() => Reflect.get(globalThis, 'reached') === true, 2)).toBe(true)
})

test('everywhere() gives one failure for each worker, however many threads it has', async () => {
  await using started = await startCluster(2, { threads: 3 })

  const failing = started.cluster.everywhere(
    () => {
      throw new RangeError(`no ${myid()}`)
    },
    { procs: [3, 2] },
  )

  await expect(failing).rejects.toMatchObject({
    message: expect.stringContaining('everywhere failed on 2 of 2 processes: RemoteError: On worker 2:'),
    errors: [{ workerId: 2 }, { workerId: 3 }],
  })
})

test('everywhere() whose replay fails on a later worker is a warning there and does not keep it out', async () => {
  await using started = await startCluster()
  const { cluster, env } = started
  const error: unknown = await cluster
    .everywhere(() => {
      throw new RangeError('everywhere wrong')
    })
    .catch((reason: unknown) => reason)

  expect(await cluster.addProcs(1, { env })).toEqual([2])
  expect(error).toBeInstanceOf(AggregateError)
  expect(await started.logged('everywhere wrong')).toMatch(/^warn: .*local-2/)
  expect(await cluster.remoteCallFetch(() => 'usable', 2)).toBe('usable')
})

test('everywhere() that a later worker is removed in the midst of is no warning', async () => {
  await using started = await startCluster()
  const { cluster, env } = started
  await cluster.everywhere(() => (myid() === 1 ? undefined : new Promise(() => {})))
  await cluster.everywhere({ after: 1 })

  await cluster.rmProcs(await cluster.addProcs(2, { env }))

  expect(started.log.filter((line) => line.startsWith('warn'))).toEqual([])
})

test('everywhere() snapshots what it defines at the time of the call, also for later workers', async () => {
  await using started = await startCluster(1)
  const { cluster, env } = started
  const data = { n: 1 }

  const defining = cluster.everywhere({ data }, { procs: [2], replay: true })
  data.n = 2
  await defining
  await cluster.addProcs(1, { env })

  const read = (): unknown => Reflect.get(globalThis, 'data')
  expect(await Promise.all([2, 3].map((id) => cluster.remoteCallFetch(read, id)))).toEqual([
    { n: 1 },
    { n: 1 },
  ])
})

interface Defined {
  readonly scale: number
  readonly triple: (n: number) => number
  readonly Point: new (x: number) => { readonly x: number }
  readonly table: Map<string, bigint>
}

function spin(): void {
  writeSync(2, 'spinning\n')
  for (;;);
}
