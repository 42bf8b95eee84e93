/** Runs a function on every process of a cluster, or defines globals there. */

import { describe } from '@dialback/protocol'
import {
  type AnyFunction,
  type CallInput,
  defineGlobals,
  inOwnMemory,
  type Peer,
  type Shipment,
  type StartedCall,
} from '@dialback/runtime'
import type { EverywhereLog } from './everywhere-log.ts'
import { checkOption, processIds, rejectUnknownOptions } from './options.ts'
import type { Supervisor } from './supervisor.ts'

export interface EverywhereOptions {
  /** Ids of the processes. @default all, the manager included */
  readonly procs?: readonly number[] | undefined
  /** Whether workers that join later run it as well. @default true, unless `procs` is given */
  readonly replay?: boolean | undefined
}

export interface EverywherePlace {
  readonly peer: Peer
  readonly supervisor: Supervisor
  /** For workers that join later. */
  readonly log: EverywhereLog
  /** Ids of all processes that are there, the manager's too. */
  readonly procs: () => readonly number[]
}

type What = AnyFunction | Readonly<Record<string, unknown>>

/** @throws {TypeError | RangeError} before anything runs; {AggregateError} once all were attempted. */
export async function runEverywhere(
  what: What,
  options: EverywhereOptions,
  { peer, supervisor, log, procs }: EverywherePlace,
): Promise<void> {
  const chosen = checkEverywhere(what, options)
  const isFunction = typeof what === 'function'
  // What is defined is as it is now, if it can be.
  if (!peer.carrier.isLoaded) await peer.carrier.load()
  const shipment = peer.ship(isFunction ? what : defineGlobals)
  const args = isFunction ? [] : [what]
  const encoded = inOwnMemory(peer.carrier.encode(args, () => 'globals'))
  const input: CallInput = { kind: 'args', args, encoded }
  if (options.replay ?? options.procs === undefined) {
    log.add({ shipment, input, ...(!isFunction && { defines: Object.keys(what) }) })
    supervisor.replayWhereJoining({ shipment, input })
  }
  const ids = chosen ?? procs()
  // By process: what is wrong with one thread of a worker is, as a rule, with all of them.
  const failures = new Map<number, unknown>()
  const watch = async (id: number, { result }: StartedCall): Promise<void> => {
    try {
      await result
    } catch (error) {
      if (!failures.has(id)) failures.set(id, error)
    }
  }
  await Promise.all(
    ids
      .filter((id) => id !== 1)
      .flatMap((id) =>
        startOnThreads(id, { peer, supervisor, shipment, input }).map((call) => watch(id, call)),
      ),
  )
  for (const id of ids) if (id === 1) await watch(1, peer.start(shipment, 1, input))
  if (failures.size > 0) throw everywhereError(failures, new Set(ids).size)
}

interface OneCall extends Pick<EverywherePlace, 'peer' | 'supervisor'> {
  readonly shipment: Shipment
  readonly input: CallInput
}

/** Each thread has globals and modules of its own. */
function startOnThreads(id: number, { peer, supervisor, shipment, input }: OneCall): StartedCall[] {
  try {
    const threads = supervisor.membership.running(id)?.threads ?? []
    if (threads.length === 0) return [peer.start(shipment, id, input)]
    return threads.map(({ mailbox }) => peer.start(shipment, id, input, { mailbox }))
  } catch (error) {
    const result = Promise.reject(error)
    return [{ result, recall: () => Promise.resolve(false), cancel() {} }]
  }
}

/** Gives the ids that were chosen, if any were. */
function checkEverywhere(what: unknown, options: EverywhereOptions): number[] | undefined {
  rejectUnknownOptions(options, ['procs', 'replay'], 'everywhere')
  checkOption('procs', options.procs, 'an array of ids', Array.isArray)
  checkOption('replay', options.replay, 'true or false', (value) => typeof value === 'boolean')
  // A list, a map or a promise has no names that one could define.
  const hasNames = typeof what === 'object' && what !== null && !(Symbol.iterator in what || 'then' in what)
  if (typeof what !== 'function' && !hasNames)
    throw new TypeError(`everywhere takes a function or an object: ${describe(what)}`)
  return options.procs === undefined ? undefined : processIds(options.procs, 'everywhere')
}

function everywhereError(failures: ReadonlyMap<number, unknown>, asked: number): AggregateError {
  const errors = [...failures].toSorted(([a], [b]) => a - b).map(([, error]) => error)
  return new AggregateError(
    errors,
    `everywhere failed on ${errors.length} of ${asked} processes: ${String(errors[0])}`,
  )
}
