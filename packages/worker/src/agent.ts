/** The agent: control connection, heartbeats and kept values on the main thread, user code in threads of its own. */

import {
  type EncodedBody,
  emptyBody,
  type Heartbeat,
  type Letter,
  type Mailbox,
  type Opening,
} from '@dialback/protocol'
import { ClaimTable, Keeper, RunningMark, receiveForKeeper, releasedOf } from '@dialback/runtime'
import { Connection } from './connection.ts'
import type { Credentials } from './dial.ts'
import { watchForSilence } from './silence.ts'
import type { FromThread } from './thread-messages.ts'
import { UserThread } from './user-thread.ts'

export interface AgentOptions {
  readonly credentials: Credentials
  /** How many threads run user code. */
  readonly threads: number
  readonly threadEntry: URL
  /** See `Settings`. */
  readonly isRemote: boolean
  readonly patienceMs: number
  readonly openings: readonly Opening[]
  /** See `Settings`; undefined: without limit. */
  readonly drainMs: number | undefined
  /** See `ConnectionOptions`. */
  readonly waits: (why: string) => void
  /** Ends the process. */
  readonly exit: (code: number, reason?: string) => void
}

export class Agent {
  readonly #options: AgentOptions
  readonly #claims: ClaimTable[] = []
  readonly #threads: UserThread[] = []
  /** Futures and channels of this process, as bytes. */
  readonly #keeper = new Keeper(({ handles, own }) => {
    if (handles !== undefined) this.#control?.mailbox.post({ type: 'release', refs: releasedOf(handles) })
    if (own !== undefined) for (const thread of this.#threads) thread.left(own)
  })
  #control: Connection | undefined
  #heartbeat: Heartbeat | undefined
  #isDraining = false

  private constructor(options: AgentOptions) {
    this.#options = options
  }

  /** Starts the threads, which dial for themselves, and dials. @throws what `dial` throws. */
  static async start(options: AgentOptions): Promise<Agent> {
    const agent = new Agent(options)
    // Threads first: starting one takes longer than dialling.
    for (let index = 0; index < options.threads; index++) agent.#startThread(index, 0)
    const control = await Connection.open({
      credentials: options.credentials,
      connection: 'control',
      isRemote: options.isRemote,
      patienceMs: options.patienceMs,
      opening: options.openings[0],
      ...(options.isRemote && { waits: options.waits }),
      message: (message, body, mailbox) => agent.#receive(message, body, mailbox),
      lost: (reason) => options.exit(1, `the manager is gone: ${reason}`),
    })
    agent.#control = control
    agent.#heartbeat = watchForSilence(control, options.isRemote)
    return agent
  }

  /**
   * Finishes what runs, and what is being fetched, then ends the process with code 0; with 143, as what a SIGTERM ended, when that takes
   * longer than it may.
   */
  async drain(): Promise<void> {
    if (this.#isDraining) return
    this.#isDraining = true
    this.#control?.mailbox.post({ type: 'drain' })
    const { drainMs } = this.#options
    const timer = drainMs === undefined ? undefined : setTimeout(() => this.#giveUp(drainMs), drainMs)
    await Promise.all(this.#threads.map((thread) => thread.drain()))
    await new Promise<void>((resolve) => {
      if (this.#control === undefined) resolve()
      else this.#control.mailbox.whenDelivered(resolve)
    })
    clearTimeout(timer)
    this.end('drained')
  }

  #giveUp(drainMs: number): void {
    const busy = this.#threads.filter((thread) => !thread.isDrained).length
    const what =
      busy === 0
        ? 'what was asked for had not arrived'
        : `${busy} of ${this.#threads.length} threads still ran calls`
    this.#options.exit(143, `told to end, it gave up after ${drainMs / 1_000} s: ${what}`)
  }

  /** Tells the manager and ends the process with code 0. */
  end(reason: string): void {
    this.#heartbeat?.stop()
    this.#control?.mailbox.post({ type: 'goodbye', reason })
    this.#control?.close(reason)
    this.#options.exit(0)
  }

  /** Stops user code, wherever it is. */
  async stopThreads(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()))
  }

  #startThread(index: number, generation: number): void {
    const claims = new ClaimTable()
    this.#claims[index] = claims
    const { credentials, isRemote, patienceMs, openings, threadEntry } = this.#options
    const opening = generation === 0 ? openings[1 + index] : undefined
    const mark = new RunningMark().memory
    this.#threads[index] = new UserThread(
      { credentials, isRemote, patienceMs, opening, index, generation, claims: claims.memory, mark },
      threadEntry,
      {
        message: (message) => this.#hearThread(message),
        ended: (code, error) => this.#threadEnded(code, error),
      },
    )
  }

  #hearThread(message: FromThread): void {
    if (message.type === 'keep') this.#keeper.set(message.ref, message.content)
    else if (message.type === 'lost') this.#options.exit(1, `the manager is gone: ${message.reason}`)
  }

  #threadEnded(code: number, error: unknown): void {
    if (error === undefined) this.#options.exit(code)
    else this.#options.exit(isOutOfMemory(error) ? 134 : 1, describeCrash(error))
  }

  #receive(message: Letter, body: EncodedBody, mailbox: Mailbox): void {
    if (receiveForKeeper(this.#keeper, { message, body, mailbox }, refuseToEncode)) return
    switch (message.type) {
      case 'ping':
        mailbox.post({ type: 'pong', n: message.n }, emptyBody, true)
        return
      case 'recall': {
        const isTaken = this.#claims[message.thread]?.takeBack(message.claim) ?? false
        mailbox.post({ type: 'recalled', id: message.id, isTaken }, emptyBody, true)
        return
      }
      case 'interrupt':
        void this.#interrupt(message.id, message.thread, message.call, message.graceMs)
        return
      case 'drain':
        void this.drain()
        return
      case 'goodbye':
        this.#heartbeat?.stop()
        this.#options.exit(0)
        return
      // biome-ignore format: the rest goes to the threads, or was for the keeper
      case 'open':
      case 'put':
      case 'take':
      case 'received':
      case 'inspect':
      case 'state':
      case 'close':
      case 'fetch':
      case 'release':
      case 'free':
      case 'call':
      case 'result':
      case 'error':
      case 'cancel':
      case 'define':
      case 'module':
      case 'unknown':
      case 'chunk':
      case 'credit':
      case 'stop':
      case 'pong':
      case 'members':
      case 'recalled':
      case 'interrupted':
    }
  }

  async #interrupt(id: number, index: number, call: number | undefined, graceMs: number): Promise<void> {
    const thread = this.#threads[index]
    const hasAnswered = await thread?.interrupt(id, call, graceMs)
    const isReplaced = thread !== undefined && hasAnswered === false
    if (isReplaced) {
      // Another interrupt may have been first.
      if (this.#threads[index] === thread) this.#startThread(index, thread.generation + 1)
      await thread.terminate()
    }
    const begun = isReplaced && call !== undefined ? thread.begun : {}
    this.#control?.mailbox.post({ type: 'interrupted', id, isReplaced, ...begun })
  }
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
}

function describeCrash(error: unknown): string {
  if (isOutOfMemory(error)) return 'FATAL ERROR: the heap of the thread that runs user code is out of memory'
  return error instanceof Error ? (error.stack ?? error.message) : `Uncaught ${String(error)}`
}

function refuseToEncode(): never {
  throw new Error('An agent keeps what its threads encoded')
}
