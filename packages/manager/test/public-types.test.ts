import {
  addProcs,
  type ChannelOptions,
  Cluster,
  everywhere,
  type FailedAttempt,
  type ItemError,
  K8sClusterManager,
  LocalManager,
  type PodIdentity,
  pmap,
  RemoteChannel,
  rmProcs,
  type TimelineEntry,
  type WaitOptions,
  type WorkerExit,
  WorkerTerminatedError,
} from '@dialback/manager'
import { expect, test } from 'vitest'

// What is tested of types is that this compiles, with `exactOptionalPropertyTypes`.

test('options that are undefined are as if they were not given', async () => {
  await using cluster = new Cluster({
    logger: undefined,
    onWorkerLog: undefined,
    external: undefined,
    code: undefined,
  })
  const local = { env: undefined, execArgv: undefined, cwd: undefined, threads: undefined }
  const ids = await cluster.addProcs(1, { ...local, connectTimeout: undefined, signal: undefined })
  await cluster.everywhere({ here: 1 }, { procs: undefined, replay: undefined })
  await cluster.rmProcs(ids, { waitFor: undefined })
  const channel: ChannelOptions = { capacity: undefined, on: undefined }

  expect(ids).toEqual([2])
  expect(await RemoteChannel.create(channel).isOpen()).toBe(true)
  expect(await addProcs(new LocalManager(0, local), { signal: undefined })).toEqual([])
  await everywhere(() => {}, { replay: false })
  await rmProcs([], { waitFor: undefined })
})

test('K8sClusterManager() takes options that are undefined for ones that were not given', () => {
  const manager = new K8sClusterManager(1, {
    namespace: undefined,
    managerPodName: undefined,
    workerPrefix: undefined,
    image: undefined,
    cpu: undefined,
    memory: undefined,
    pendingTimeout: undefined,
    configure: undefined,
    serviceAccountName: undefined,
    env: undefined,
    labels: undefined,
    annotations: undefined,
    imagePullPolicy: undefined,
    minWorkers: undefined,
    keepPods: undefined,
    connection: undefined,
    advertise: undefined,
    threads: undefined,
  })

  expect(manager).toMatchObject({ pendingTimeoutMs: 180_000, minWorkers: 0 })
})

test('what callbacks of pmap are given, and errors have, can be named', async () => {
  const seen: string[] = []
  const retryCheck = (error: ItemError, { attempt, item, index }: FailedAttempt<number>): boolean => {
    seen.push(`${error.code} ${attempt} ${item} ${index}`)
    return false
  }
  const fails = (n: number): number => {
    throw new RangeError(`${n}`)
  }
  const onError = (error: ItemError, item: number, index: number): number => error.code.length + item + index
  const results = await pmap(fails, [7], { distributed: false, retryDelays: [0], retryCheck, onError })
  const exit: WorkerExit = { reason: 'Exited', blame: 'item' }
  const { pod, timeline } = new WorkerTerminatedError(2, exit)
  const found: [PodIdentity | undefined, readonly TimelineEntry[]] = [pod, timeline]
  const wait: WaitOptions = { signal: undefined }

  expect(results).toEqual(['REMOTE'.length + 7])
  expect(seen).toEqual(['REMOTE 1 7 0'])
  expect(found).toEqual([undefined, []])
  expect(wait).toEqual({ signal: undefined })
})
