/** The commands of which sequences are made. Each begins something that may still run when the next one comes. */

import { AbortError, type RemoteChannel } from '@dialback/manager'
import fc from 'fast-check'
import type { MakeManager } from '../contract/cluster-manager-contract.ts'
import {
  die,
  fail,
  increment,
  list,
  mapThere,
  putThere,
  square,
  takeThere,
  untilAborted,
  visit,
  wait,
} from './functions.ts'
import type { Model } from './model.ts'
import type { Operations } from './operations.ts'

/** What commands act on. */
export interface Real {
  readonly operations: Operations
  readonly channel: RemoteChannel<number>
  /** After these what is not in the channel never will be. */
  readonly puts: Promise<unknown>[]
  readonly makeManager: MakeManager
  readonly env: Readonly<Record<string, string>>
  /** Ends of the aborts that are possible. */
  readonly controllers: AbortController[]
}

/** What waits for an abort waits no longer. */
export function abortAll({ operations, controllers }: Real): void {
  operations.hasAborts ||= controllers.length > 0
  for (const controller of controllers) controller.abort(new AbortError('enough'))
}

type Run = (model: Model, real: Real, pick: (salt: number) => number) => Promise<void> | void

class Command implements fc.AsyncCommand<Model, Real> {
  readonly #name: string
  readonly #seed: number
  readonly #canRun: (model: Readonly<Model>) => boolean
  readonly #run: Run

  constructor(name: string, seed: number, { canRun, run }: Kind) {
    this.#name = name
    this.#seed = seed
    this.#canRun = canRun ?? (() => true)
    this.#run = run
  }

  check(model: Readonly<Model>): boolean {
    return this.#canRun(model)
  }

  async run(model: Model, real: Real): Promise<void> {
    model.turn += 1
    const live = real.operations.cluster.workers()
    await this.#run(model, real, (salt) => live[(this.#seed + salt) % live.length] ?? 1)
  }

  toString(): string {
    return `${this.#name}(${this.#seed})`
  }
}

export interface Kind {
  /** How often it comes, against others. */
  readonly weight: number
  readonly canRun?: (model: Readonly<Model>) => boolean
  readonly run: Run
}

export const killKind: Kind = {
  weight: 1,
  canRun: ({ workers }) => workers > 1,
  run: async (model, { operations }, pick) => {
    model.workers -= 1
    operations.hasLosses = true
    const dying = operations.cluster.remoteCallFetch(die, pick(0))
    operations.add('kill', dying, () => false)
    await dying.catch(() => {})
  },
}

export const kinds: Readonly<Record<string, Kind>> = {
  call: {
    weight: 8,
    run: ({ turn }, { operations }, pick) => {
      const call = operations.cluster.remoteCallFetch(increment, pick(0), turn)
      operations.add('call', call, (value) => value === turn + 1)
    },
  },
  'slow call': {
    weight: 6,
    run: ({ turn }, { operations }, pick) => {
      const call = operations.cluster.remoteCallFetch(wait, pick(0), turn)
      operations.add('slow call', call, (value) => value === turn)
    },
  },
  'failing call': {
    weight: 4,
    run: (_model, { operations }, pick) => {
      const call = operations.cluster.remoteCallFetch(fail, pick(0)).catch((error: Error) => {
        if (error.cause instanceof RangeError) return 'failed'
        throw error
      })
      operations.add('failing call', call, (value) => value === 'failed')
    },
  },
  'nested call': {
    weight: 6,
    run: (_model, { operations }, pick) => {
      const way = [pick(1), 1, pick(2)]
      const call = operations.cluster.remoteCallFetch(visit, pick(0), way)
      operations.add(
        'nested call',
        call,
        (value) => value.length === 4 && value.slice(1).join() === way.join(),
      )
    },
  },
  future: {
    weight: 4,
    run: ({ turn }, { operations }, pick) => {
      const future = operations.cluster.remoteCall(list, pick(0), turn)
      const read = future.fetch().finally(() => future.release())
      operations.add('future', read, ([value]) => value === turn)
    },
  },
  pmap: {
    weight: 6,
    run: ({ turn }, { operations }) => {
      const items = [1, 2, 3, 4, 5, 6, 7]
      const batchSize = turn % 3 === 0 ? 'auto' : (turn % 3) * 2
      const mapping = operations.cluster.pmap(square, items, {
        batchSize,
        retryDelays: [0, 0, 0, 0],
      })
      operations.add('pmap', mapping, (values) => values.join() === '1,4,9,16,25,36,49')
    },
  },
  'pmap on a worker': {
    weight: 3,
    run: (_model, { operations }, pick) => {
      operations.add(
        'pmap there',
        operations.cluster.remoteCallFetch(mapThere, pick(0)),
        (values) => values.join() === '-1,-2,-3',
      )
    },
  },
  'pmap to abort': {
    weight: 4,
    run: (_model, { operations, controllers }) => {
      const controller = new AbortController()
      controllers.push(controller)
      const mapping = operations.cluster.pmap(untilAborted, [1, 2, 3], { signal: controller.signal })
      operations.add('pmap to abort', mapping, () => false)
    },
  },
  abort: {
    weight: 4,
    run: (_model, { operations, controllers }) => {
      operations.hasAborts ||= controllers.length > 0
      controllers.pop()?.abort(new AbortError('enough'))
    },
  },
  interrupt: {
    weight: 1,
    run: async (_model, { operations }, pick) => {
      operations.hasAborts = true
      await operations.cluster.interrupt(pick(0))
    },
  },
  put: {
    weight: 5,
    run: (model, { operations, channel, puts }, pick) => {
      model.queued += 1
      const { turn } = model
      const put = operations.cluster.remoteCallFetch(putThere, pick(0), channel, turn)
      operations.add('put', put, (value) => value === turn)
      puts.push(put)
    },
  },
  take: {
    weight: 4,
    canRun: ({ queued }) => queued > 0,
    run: (model, { operations, channel }, pick) => {
      model.queued -= 1
      const take = operations.cluster.remoteCallFetch(takeThere, pick(0), channel)
      operations.add('take', take, (value) => typeof value === 'number')
    },
  },
  everywhere: {
    weight: 2,
    run: ({ turn }, { operations }) => {
      operations.add('everywhere', operations.cluster.everywhere({ modelTurn: turn }), () => true)
    },
  },
  add: {
    weight: 2,
    canRun: ({ workers }) => workers < 4,
    run: async (model, { operations, makeManager, env }) => {
      model.workers += 1
      await operations.cluster.addProcs(makeManager(1, { env }))
    },
  },
  remove: {
    weight: 1,
    canRun: ({ workers }) => workers > 1,
    run: (model, { operations }, pick) => {
      model.workers -= 1
      operations.hasLosses = true
      operations.add('remove', operations.cluster.rmProcs(pick(0)), () => true)
    },
  },
  kill: killKind,
}

/** One arbitrary for each kind, those that are to come often several times. */
export function commandsOf(some: Readonly<Record<string, Kind>>): fc.Arbitrary<Command>[] {
  return Object.entries(some).flatMap(([name, kind]) =>
    Array.from({ length: kind.weight }, () =>
      fc.nat({ max: 1_000 }).map((seed) => new Command(name, seed, kind)),
    ),
  )
}
