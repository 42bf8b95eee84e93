/** A queue on one process that all processes can put into and take from. */

import { ChannelClosedError, describe } from '@dialback/protocol'
import { runningCall } from './call-context.ts'
import { currentPeer } from './current-peer.ts'
import type { Reference, WaitOptions } from './keeping/keeper-client.ts'
import type { Peer } from './peer.ts'

export interface ChannelOptions {
  /**
   * How many values it has room for before `put` waits, ≥ 0, or `Infinity`. With 0 a `put` waits until its value has
   * arrived with who took it. @default 1
   */
  readonly capacity?: number | undefined
  /** The id of the process that keeps the values. @default this one */
  readonly on?: number | undefined
}

/**
 * A queue of values on one process. Whoever is sent a channel, also as a captured variable, gets one to the same queue.
 *
 * Values are taken in the order in which they were put; each is taken once. All waits reject with the
 * `WorkerTerminatedError` of the owner when it is lost, and those of a call when it is cancelled or interrupted. The owner gets the same objects that it put, all others copies.
 *
 * @example
 * const results = RemoteChannel.create<number>({ capacity: 10 })
 * remoteDo(async () => { for (let n = 0; n < 3; n++) await results.put(n) }, 2)
 * console.log(await results.take(), await results.take()) // 0 1
 */
export class RemoteChannel<T> {
  readonly #peer: Peer
  readonly #at: Reference
  #isReleased = false

  /**
   * Makes a channel, at once: that its process is gone shows when it is used. May be awaited.
   *
   * @throws {TypeError | RangeError} that repeats a bad value or unknown option.
   */
  static create<T>(options: ChannelOptions = {}): RemoteChannel<T> {
    const peer = currentPeer()
    return channelOver(peer, options)
  }

  /** Like `create`, for a cluster of one's own. */
  static createOver<T>(peer: Peer, options: ChannelOptions): RemoteChannel<T> {
    return channelOver(peer, options)
  }

  /** For the library's own use; see `create`. */
  constructor(peer: Peer, at: Reference) {
    this.#peer = peer
    this.#at = at
  }

  /** The id of the process that keeps the values. */
  get owner(): number {
    return this.#at.owner
  }

  /**
   * Puts a value behind all others; resolves once there is room for it.
   *
   * @throws {ChannelClosedError} when the channel is closed, or is while it waits: then the value is not in it.
   * @throws {SerializationError} when the value cannot travel to the owner.
   */
  async put(value: T, options?: WaitOptions): Promise<this> {
    const { signal } = this.#check('put', options)
    await this.#peer.values.put(this.#at, value, { signal })
    return this
  }

  /** Takes the first value; waits until there is one. @throws {ChannelClosedError} when the channel is closed and has none left. */
  async take(options?: WaitOptions): Promise<T> {
    const { signal } = this.#check('take', options)
    // What was put is of this type.
    return (await this.#peer.values.take(this.#at, { signal })) as T
  }

  /** Gives the first value, which stays; waits until there is one. @throws as `take`. */
  async fetch(options?: WaitOptions): Promise<T> {
    const { signal } = this.#check('fetch', options)
    // What was put is of this type.
    return (await this.#peer.values.fetch(this.#at, false, { signal })) as T
  }

  /** Waits until there is a value, without moving it. @throws as `take`. */
  async wait(options?: WaitOptions): Promise<this> {
    const { signal } = this.#check('wait', options)
    await this.#peer.values.fetch(this.#at, true, { signal })
    return this
  }

  /** Whether there is a value that could be taken now. */
  async isReady(): Promise<boolean> {
    this.#check('isReady')
    return (await this.#peer.values.inspect(this.#at)).isReady
  }

  /** Whether values can be put: false from `close` on, also while there are some left to take. */
  async isOpen(): Promise<boolean> {
    this.#check('isOpen')
    return (await this.#peer.values.inspect(this.#at)).isOpen
  }

  /** Takes no more values: puts that wait reject; what is in it can be taken, after which `take` rejects and loops end. */
  async close(): Promise<void> {
    this.#check('close')
    await this.#peer.values.close(this.#at)
  }

  /** Says that the channel is not needed here any more: once no process holds it, its owner drops it with its values. */
  release(): void {
    this.#isReleased = true
    this.#peer.values.references.letGo(this.#at.ref, this)
  }

  [Symbol.dispose](): void {
    this.release()
  }

  /** Takes values until the channel is closed and has none left. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      let value: T
      try {
        value = await this.take()
      } catch (error) {
        if (error instanceof ChannelClosedError) return
        throw error
      }
      yield value
    }
  }

  /** Whether other processes of this peer's cluster can be told of it. */
  canTravelBy(peer: Peer): boolean {
    return this.#peer === peer
  }

  /** Where it is, for those who are told of it. */
  toHandle(): Reference {
    if (this.#isReleased) throw new Error('Cannot send a RemoteChannel that was released')
    return this.#at
  }

  #check(action: string, options: WaitOptions = {}): WaitOptions {
    rejectUnknown(`RemoteChannel.${action}`, options, ['signal'])
    const { signal } = options
    if (signal !== undefined && !(signal instanceof AbortSignal))
      throw new TypeError(`signal must be an AbortSignal: ${describe(signal)}`)
    if (this.#isReleased) throw new Error('Cannot use a RemoteChannel that was released')
    // What waits for a call that was cancelled must take nothing from others.
    const own = runningCall.getStore()?.signal
    if (own === undefined) return options
    return { signal: signal === undefined ? own : AbortSignal.any([signal, own]) }
  }
}

/** Not within the class: bundlers give one that names itself another name, which messages would show. */
function channelOver<T>(peer: Peer, options: ChannelOptions): RemoteChannel<T> {
  const { capacity, on } = resolveOptions(options, peer.id)
  const at = { owner: on, ref: peer.nextId() }
  const channel = new RemoteChannel<T>(peer, at)
  peer.values.open(at, channel, capacity)
  return channel
}

function resolveOptions(options: ChannelOptions, own: number): { capacity: number; on: number } {
  rejectUnknown('RemoteChannel.create', options, ['capacity', 'on'])
  const { capacity = 1, on = own } = options
  if (typeof capacity !== 'number') throw new TypeError(`capacity must be a number: ${describe(capacity)}`)
  if (capacity !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(capacity) && capacity >= 0))
    throw new RangeError(`capacity must be a whole number of at least 0, or Infinity: ${describe(capacity)}`)
  if (!Number.isSafeInteger(on) || on < 1)
    throw new TypeError(`on must be the id of a process: ${describe(on)}`)
  return { capacity: Math.min(capacity, Number.MAX_SAFE_INTEGER), on }
}

function rejectUnknown(of: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`The options of ${of} must be an object: ${describe(options)}`)
  for (const key of Object.keys(options))
    if (!known.includes(key))
      throw new TypeError(`Unknown option of ${of}: '${key}' (known: ${known.join(', ')})`)
}
