import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { AbortError, callSignal, pmap, remoteCall, remoteCallFetch, WorkerPool } from '@dialback/manager'
import { expect, test } from 'vitest'
import { meet } from './fixtures/meeting.ts'
import { note, notesSoFar } from './fixtures/notes.ts'
import { startCluster } from './test-cluster.ts'

const interrupted = { name: 'RemoteError', cause: { name: 'AbortError', code: 'ABORTED' } }

test('interrupt() leaves idle workers as they are', async () => {
  await using started = await startCluster(2)
  const { cluster, log, output } = started
  await cluster.remoteCallFetch(note, 2, 'kept')

  await cluster.interrupt()
  await cluster.interrupt(2)
  await cluster.interrupt([])

  expect(await cluster.remoteCallFetch(notesSoFar, 2)).toEqual(['kept'])
  expect([...log.filter((line) => !line.endsWith('is up')), ...output]).toEqual([])
})

test('interrupt() rejects async calls with an AbortError, fires their signal, and the worker goes on', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  await cluster.remoteCallFetch(note, 2, 'kept')
  const calls = [
    cluster.remoteCallFetch(() => sleep(60_000), 2),
    cluster.remoteCallFetch(noteAbort, 2),
    cluster.remoteCall(() => sleep(60_000), 2).fetch(),
  ]
  const rejections = Promise.all(
    calls.map((call) => expect(call).rejects.toMatchObject({ ...interrupted, workerId: 2 })),
  )
  await cluster.remoteCallFetch(() => 0, 2)

  await cluster.interrupt(2)

  await rejections
  const error: unknown = await calls[0]?.catch((reason: unknown) => reason)
  expect(error instanceof Error && error.cause).toBeInstanceOf(AbortError)
  expect(await cluster.remoteCallFetch(notesSoFar, 2)).toEqual(['kept', 'AbortError'])
})

test('interrupt() stops a busy loop, and the worker keeps its id', async () => {
  await using started = await startCluster(2)
  const { cluster, log } = started
  const spinning = expect(cluster.remoteCallFetch(spin, 2)).rejects.toMatchObject({
    ...interrupted,
    workerId: 2,
  })
  const other = cluster.remoteCallFetch(waitToBeFreed, 3)
  await started.logged('2: spinning')

  await cluster.interrupt(2)
  await spinning

  expect(cluster.workers()).toEqual([2, 3])
  expect(await cluster.remoteCallFetch(() => 'again', 2)).toBe('again')
  await cluster.remoteCallFetch(() => (Reflect.get(globalThis, 'free') as () => void)(), 3)
  expect(await other).toBe('unharmed')
  expect(log.filter((line) => line.startsWith('warn'))).toEqual([])
})

test('a call that is made right after interrupt() of a busy loop is not interrupted', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const spinning = cluster.remoteCallFetch(spin, 2).catch(() => 'stopped')
  await started.logged('2: spinning')

  const interrupting = cluster.interrupt(2)
  await interrupting
  const after = await Promise.all(
    Array.from({ length: 20 }, (_, i) => cluster.remoteCallFetch((n: number) => n, 2, i)),
  )

  expect(await spinning).toBe('stopped')
  expect(after).toEqual(Array.from({ length: 20 }, (_, i) => i))
})

test('interrupt() rejects what waits behind a busy loop too', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const spinning = expect(cluster.remoteCallFetch(spin, 2)).rejects.toMatchObject(interrupted)
  await started.logged('2: spinning')
  const behind = expect(cluster.remoteCallFetch(() => 'never ran', 2)).rejects.toMatchObject(interrupted)

  await cluster.interrupt(2)

  await Promise.all([spinning, behind])
})

test('interrupt() of a worker rejects the nested call of another one there', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const nested = (fn: () => unknown): Promise<unknown> =>
    cluster.remoteCallFetch(async (inner: () => unknown) => await remoteCallFetch(inner, 3), 2, fn)
  const spinning = expect(nested(spin)).rejects.toThrow('On worker 2: On worker 3: AbortError: ')
  await started.logged('3: spinning')

  await cluster.interrupt(3)

  await spinning
})

test('interrupt() of a caller stops what it waits for elsewhere from mattering, and leaves that worker alive', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const calling = expect(
    cluster.remoteCallFetch(async () => await remoteCallFetch(sleepLong, 3), 2),
  ).rejects.toMatchObject(interrupted)
  await started.logged('3: sleeping')

  await cluster.interrupt(2)

  await calling
  expect(await cluster.remoteCallFetch(() => 'alive', 3)).toBe('alive')
})

test('interrupt() again and again, also at once, ends each time', async () => {
  await using started = await startCluster(1)
  const { cluster } = started

  for (let round = 0; round < 4; round++) {
    const spinning = cluster.remoteCallFetch(spin, 2, round).catch((error: unknown) => error)
    await started.logged(`2: spinning ${round}`)
    await Promise.all([cluster.interrupt(2), cluster.interrupt(), cluster.interrupt([2, 2])])
    expect(await spinning).toMatchObject(interrupted)
  }

  expect(await cluster.remoteCallFetch(() => 'alive', 2)).toBe('alive')
})

test('interrupt() of 1, of an id that never was and of a dead worker does nothing', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  await cluster.remoteCallFetch(() => process.exit(0), 2).catch(() => {})

  await cluster.interrupt([1, 2, 99])

  expect(cluster.procs()).toEqual([1])
})

test('interrupt() stops a busy loop on one thread only of several', async () => {
  await using started = await startCluster(1, { threads: 2 })
  const { cluster } = started
  const calls = await Promise.all([
    cluster.remoteCallFetch(() => sleep(100, 'slept'), 2),
    cluster.remoteCallFetch(() => sleep(100, 'slept'), 2),
  ])
  const spinning = expect(cluster.remoteCallFetch(spin, 2)).rejects.toMatchObject(interrupted)
  await started.logged('2: spinning')

  await cluster.interrupt()
  await spinning

  expect(calls).toEqual(['slept', 'slept'])
  expect(
    await Promise.all(Array.from({ length: 10 }, (_, i) => cluster.remoteCallFetch((n: number) => n, 2, i))),
  ).toHaveLength(10)
})

test('a cancel that replaces a thread tells the other calls there why, and pmap() runs its items again', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const abort = new AbortController()
  const other = expect(cluster.remoteCallFetch(() => new Promise(() => {}), 2)).rejects.toMatchObject({
    name: 'RemoteError',
    message: expect.stringMatching(/^On worker 2: ThreadReplacedError: .* another call there was cancelled/),
    cause: { code: 'THREAD_REPLACED' },
  })
  const mapped = cluster.pmap(waitAtFirst, ['item'])
  await started.logged('2: waiting')
  const spinning = expect(cluster.pmap(spin, [0], { signal: abort.signal })).rejects.toBe('enough')
  await started.logged('2: spinning')

  abort.abort('enough')

  await Promise.all([spinning, other])
  expect(await mapped).toEqual(['item in attempt 2'])
})

test('a call that waits behind one that is cancelled, and never yields, runs on the thread that takes its place', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  await cluster.everywhere({ defined: 'everywhere' })
  for (let n = 0; n < 100; n++) await cluster.remoteCallFetch(() => n, 2)

  for (const round of [1, 2]) {
    const abort = new AbortController()
    const spinning = cluster.pmap(spin, [round], { signal: abort.signal }).catch((error: unknown) => error)
    await started.logged(`2: spinning ${round}`)
    abort.abort('enough')
    expect(await spinning).toBe('enough')

    const calls = [1, 2, 3].map((n) =>
      cluster.remoteCallFetch(
        (given: Map<string, number>) => [Reflect.get(globalThis, 'defined'), given.get('n')],
        2,
        new Map([['n', n]]),
      ),
    )
    const future = cluster.remoteCall(() => 'future', 2)
    expect(await Promise.all(calls)).toEqual([1, 2, 3].map((n) => ['everywhere', n]))
    expect(await future.fetch()).toBe('future')
  }
  expect(started.log.filter((line) => line.startsWith('warn'))).toEqual([])
})

test('a call of a worker that waits there runs, once, on the thread that takes its place', async () => {
  await using started = await startCluster(1)
  const { cluster, env } = started
  for (let n = 0; n < 100; n++) await cluster.remoteCallFetch(() => n, 2)
  const abort = new AbortController()
  const spinning = cluster.pmap(spin, [7], { signal: abort.signal }).catch(() => 'stopped')
  await started.logged('2: spinning 7')
  await cluster.addProcs(1, { env })

  const calls = cluster.remoteCallFetch(callOften, 3, 2, 200)
  await started.logged('3: called')
  abort.abort()

  expect(await spinning).toBe('stopped')
  expect(await calls).toEqual(Array.from({ length: 200 }, (_, n) => `${n} of 70000`))
  const runs = notesSoFar().filter((each) => String(each).startsWith('ran '))
  expect(runs.toSorted()).toEqual(Array.from({ length: 200 }, (_, n) => `ran ${n}`).toSorted())
})

test('a worker that aborts its pmap() stops a busy loop on another worker', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const mapped = expect(
    cluster.remoteCallFetch(
      async (map: (signal: AbortSignal) => Promise<unknown>) => {
        const abort = new AbortController()
        Reflect.set(globalThis, 'abort', () => abort.abort(new Error('enough')))
        await map(abort.signal)
      },
      2,
      (signal: AbortSignal) => pmap(spin, [0], { pool: new WorkerPool([3]), signal }),
    ),
  ).rejects.toThrow('On worker 2: Error: enough')
  await started.logged('3: spinning')

  await cluster.remoteCallFetch(() => (Reflect.get(globalThis, 'abort') as () => void)(), 2)

  await mapped
  // Which it takes both workers for.
  await cluster.pmap(() => remoteCallFetch(meet, 1, 2), [0, 1])
})

test('a worker that dies stops its busy loop on another worker, and whoever has the Future is told', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const future = await cluster.remoteCallFetch(
    (fn: () => void) => remoteCall(fn, 3),
    2,
    () => spin(),
  )
  await started.logged('3: spinning')

  await cluster.remoteCallFetch(() => process.kill(process.pid, 'SIGKILL'), 2).catch(() => {})

  await expect(future.fetch()).rejects.toThrow('On worker 3: AbortError: The caller is gone')
  expect(await cluster.pmap(() => 'usable', [0])).toEqual(['usable'])
})

async function waitAtFirst(item: string): Promise<string> {
  const attempt = await remoteCallFetch(() => {
    note('attempt')
    return notesSoFar().length
  }, 1)
  if (attempt > 1) return `${item} in attempt ${attempt}`
  writeSync(2, 'waiting\n')
  return await new Promise(() => {})
}

/** Calls another worker, in each call with more than fits into a frame. */
async function callOften(target: number, times: number): Promise<string[]> {
  const calls = Array.from({ length: times }, (_, n) =>
    remoteCallFetch(
      async (bytes: Uint8Array) => {
        await remoteCallFetch((text: string) => note(text), 1, `ran ${n}`)
        return `${n} of ${bytes.byteLength}`
      },
      target,
      new Uint8Array(70_000),
    ),
  )
  writeSync(2, 'called\n')
  return await Promise.all(calls)
}

function spin(round = 0): void {
  writeSync(2, `spinning ${round}\n`)
  for (;;);
}

function waitToBeFreed(): Promise<string> {
  return new Promise((resolve) => Reflect.set(globalThis, 'free', () => resolve('unharmed')))
}

async function sleepLong(): Promise<void> {
  writeSync(2, 'sleeping\n')
  await sleep(60_000)
}

async function noteAbort(): Promise<void> {
  const signal = callSignal()
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  note(signal.reason instanceof Error ? signal.reason.name : String(signal.reason))
}

test('an abort leaves what else runs on the worker alone, also what keeps it busy', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const controller = new AbortController()
  const idle = cluster.pmap(() => sleep(60_000), [0, 1], { signal: controller.signal }).catch(() => 'aborted')
  await cluster.remoteCallFetch(() => 0, 2)
  const busy = cluster.remoteCallFetch(spinFor, 2, 1_500)
  await started.logged('2: spinning for 1500')

  controller.abort()

  expect(await idle).toBe('aborted')
  expect(await busy).toBe(1_500)
})

function spinFor(ms: number): number {
  writeSync(2, `spinning for ${ms}\n`)
  const end = performance.now() + ms
  while (performance.now() < end);
  return ms
}
