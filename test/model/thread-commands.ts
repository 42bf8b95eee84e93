/** Commands around threads that are replaced while calls wait for them, and workers that end as they are told to. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '@dialback/manager'
import { abortAll, type Kind, killKind, kinds } from './commands.ts'
import { callFrom, counted, echoFrom, fetchIt, futureAt, same, spin, terminate } from './thread-functions.ts'

let lastId = 0

function nextIds(count: number): number[] {
  return Array.from({ length: count }, () => ++lastId)
}

const sizes = [0, 10, 70_000, 300_000]

export const threadKinds: Readonly<Record<string, Kind>> = {
  ...some('everywhere', 'nested call', 'pmap', 'interrupt', 'abort', 'add', 'remove'),
  kill: {
    ...killKind,
    run: async (model, real, pick) => {
      // Behind a spin it would wait for the end of the sequence, which waits for it.
      abortAll(real)
      await killKind.run(model, real, pick)
    },
  },
  counted: {
    weight: 8,
    run: (_model, { operations }, pick) => {
      const [id = 0] = nextIds(1)
      operations.add(
        'counted',
        operations.cluster.remoteCallFetch(counted, pick(0), id),
        (value) => value === id,
      )
    },
  },
  'counted of a worker': {
    weight: 8,
    run: ({ turn }, { operations }, pick) => {
      const ids = nextIds(1 + (turn % 5))
      const size = sizes[turn % sizes.length] ?? 0
      const calls = operations.cluster.remoteCallFetch(callFrom, pick(0), pick(1), ids, size)
      operations.add('counted of a worker', calls, (value) => value.join() === ids.join())
    },
  },
  echo: {
    weight: 5,
    run: ({ turn }, { operations }, pick) => {
      const bytes = (turn % 4) * 700_000 + 100
      const echoed = operations.cluster.remoteCallFetch(echoFrom, pick(0), pick(1), bytes, turn)
      operations.add('echo', echoed, (value) => value)
    },
  },
  // More than a thread remembers of those that began.
  burst: {
    weight: 3,
    run: (_model, { operations }, pick) => {
      const ids = nextIds(100)
      const calls = Promise.all(ids.map((id) => operations.cluster.remoteCallFetch(counted, pick(0), id)))
      operations.add('burst', calls, (value) => value.join() === ids.join())
    },
  },
  'spin to abort': {
    weight: 3,
    canRun: ({ workers }) => workers > 0,
    run: (_model, { operations, controllers }) => {
      const controller = new AbortController()
      controllers.push(controller)
      operations.add('spin', operations.cluster.pmap(spin, [1], { signal: controller.signal }), () => false)
    },
  },
  'future passed on': {
    weight: 5,
    run: ({ turn }, { operations }, pick) => {
      const future = operations.cluster.remoteCall(same, pick(0), turn)
      const fetched = operations.cluster.remoteCallFetch(fetchIt, pick(1), future)
      operations.add(
        'future passed on',
        fetched.finally(() => future.release()),
        (value) => value === turn,
      )
    },
  },
  'future brought back': {
    weight: 5,
    run: ({ turn }, { operations }, pick) => {
      const brought = operations.cluster.remoteCallFetch(futureAt, pick(0), pick(1), turn)
      const fetched = brought.then(async (future) => await future.fetch().finally(() => future.release()))
      operations.add('future brought back', fetched, (value) => value === turn)
    },
  },
  'remoteDo counted': {
    weight: 3,
    run: (_model, { operations }, pick) => {
      const [id = 0] = nextIds(1)
      operations.cluster.remoteDo(counted, pick(0), id)
    },
  },
  terminate: {
    weight: 1,
    canRun: ({ workers }) => workers > 1,
    run: (model, { operations }, pick) => {
      model.workers -= 1
      operations.hasLosses = true
      operations.add('terminate', untilLeft(operations.cluster, pick(0)), () => true)
    },
  },
}

/** It answers before the manager has heard that it leaves: the next sequence, in which nothing is lost, could still have it keep a future. */
async function untilLeft(cluster: Cluster, id: number): Promise<void> {
  await cluster.remoteCallFetch(terminate, id)
  while (cluster.workers().includes(id)) await sleep(5)
}

function some(...names: readonly string[]): Record<string, Kind> {
  return Object.fromEntries(Object.entries(kinds).filter(([name]) => names.includes(name)))
}
