/** Makes batches into calls: ships the function when something first travels, and never again. */

import { WorkerTerminatedError } from '@dialback/protocol'
import type { Batch } from './batch.ts'
import type { BatchFormat } from './batch-format.ts'
import type { AnyFunction, Caller, CallInput, Shipment, StartedCall, StartOptions } from './caller.ts'
import type { Pool } from './pool.ts'

export interface FunctionSetup {
  readonly verb: string
  /** Called for a single item. */
  readonly fn: AnyFunction
  /** Several items in one call. */
  readonly format: BatchFormat
  readonly options: { readonly pool: Pool | undefined }
}

export class FunctionCalls {
  readonly #caller: Caller
  readonly #setup: FunctionSetup
  readonly #lane: string
  /** By thread, so that a call makes none of its own. */
  readonly #startOptions: StartOptions[] = []
  #one: Shipment | undefined
  #several: Shipment | undefined

  constructor(caller: Caller, setup: FunctionSetup) {
    this.#caller = caller
    this.#setup = setup
    // Two maps in one lane would wait for each other, also when one of them runs within the other.
    this.#lane = `${setup.verb}-${caller.id}-${crypto.randomUUID()}`
  }

  /** Makes the function ready to travel. @throws {SerializationError} when it cannot. */
  ship(): Shipment {
    this.#one ??= this.#shipmentOf(this.#setup.fn)
    return this.#one
  }

  /** Undefined when the worker is gone. What cannot be sent is a call that fails. */
  start(batch: Batch, workerId: number, thread: number): StartedCall | undefined {
    try {
      return this.#start(batch, workerId, thread)
    } catch (error) {
      return error instanceof WorkerTerminatedError ? undefined : refused(error)
    }
  }

  #start({ items, firstIndex }: Batch, workerId: number, thread: number): StartedCall {
    const { fn, format } = this.#setup
    const isOne = items.length === 1
    const input: CallInput = isOne
      ? { kind: 'args', args: [items[0], firstIndex] }
      : format.input(items, firstIndex)
    // Nothing travels to this process, so any function will do.
    const shipment =
      workerId === this.#caller.id
        ? { fn: isOne ? fn : format.fn }
        : isOne
          ? this.ship()
          : this.#shipSeveral()
    const options = (this.#startOptions[thread] ??= { lane: this.#lane, thread })
    return this.#caller.start(shipment, workerId, input, options)
  }

  #shipSeveral(): Shipment {
    const { fn, format } = this.#setup
    this.#several ??= format.fn === fn ? this.ship() : this.#caller.ship(format.fn)
    return this.#several
  }

  #shipmentOf(fn: AnyFunction): Shipment {
    return (this.#setup.options.pool ?? this.#caller).ship(fn)
  }
}

function refused(error: unknown): StartedCall {
  return { result: Promise.reject(error), recall: () => Promise.resolve(false), cancel() {} }
}
