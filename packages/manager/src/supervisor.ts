/** Watches over workers, and tells the rest of the manager when one joins or is lost. */

import { randomBytes } from 'node:crypto'
import {
  describeExit,
  type EncodedBody,
  type Letter,
  type Mailbox,
  RemoteError,
  type WorkerExit,
} from '@dialback/protocol'
import type { Peer } from '@dialback/runtime'
import { Admission } from './admission.ts'
import type { Credentials, LaunchedWorker } from './cluster-manager.ts'
import type { EverywhereEntry, EverywhereLog, ReplayTarget } from './everywhere-log.ts'
import { Keeping } from './keeping.ts'
import type { Logger } from './logger.ts'
import { MemberNews } from './member-news.ts'
import { Membership } from './membership.ts'
import { OtherRuntimes } from './other-runtimes.ts'
import { ownRange } from './reference-ledger.ts'
import { Relay } from './relay.ts'
import { firstWorkerRange, RemoteWorker, type Silence, type WorkerConnection } from './remote-worker.ts'
import { graceFor, ThreadInterrupts } from './thread-interrupts.ts'
import { cutOffFor, describeLaterWord, disconnectedFor, isLaterWord, lossOfWorker } from './worker-loss.ts'
import { WorkerQuestions } from './worker-questions.ts'

export interface SupervisorOptions {
  readonly peer: () => Peer
  readonly logger: () => Logger
  readonly workerLine: (workerId: number, line: string) => unknown
  readonly everywhereLog: EverywhereLog
  readonly nextId: () => number
}

const silence: Silence = { heartbeatIntervalMs: 3_000, silenceLimitMs: 15_000 }

export class Supervisor {
  readonly membership: Membership = new Membership()
  readonly relay: Relay
  readonly admission: Admission
  /** Futures and channels: what this process keeps of them, and who refers to any. */
  readonly keeping: Keeping
  readonly #options: SupervisorOptions
  readonly #questions = new WorkerQuestions()
  readonly #interrupts = new ThreadInterrupts()
  readonly #news = new MemberNews()
  readonly #otherRuntimes = new OtherRuntimes(process.version, (line) => this.#options.logger().warn(line))
  #lastRange = firstWorkerRange - 1

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.keeping = new Keeping(() => options.peer().carrier, this.membership)
    this.relay = new Relay({
      ledger: this.keeping.ledger,
      nextId: options.nextId,
      worker: (id) => this.membership.running(id),
      cancelled: (worker, thread, call) => void this.interrupt(worker, thread, call),
      refusal: (id) => this.#options.peer().carrier.encodeThrown(this.#refusalOf(id)).body,
    })
    this.admission = new Admission(this.membership, {
      admitted: ({ name }, connection, { runtime }) => {
        this.#otherRuntimes.seen(name, runtime)
        this.relay.add(connection)
      },
      attached: (worker, connection, transport, received) => {
        worker.attach(connection, transport, received)
        this.#joinIfConnected(worker)
      },
    })
    this.membership.onChange(() => this.#news.tell(this.membership.live))
  }

  /** Expects one more worker. */
  expect(name: string, url: string): Credentials {
    const token = randomBytes(32).toString('base64url')
    const worker: RemoteWorker = new RemoteWorker({
      id: this.membership.takeId(),
      name,
      token,
      silence,
      nextId: this.#options.nextId,
      nextRange: () => ++this.#lastRange,
      events: {
        message: (message, body, connection) => this.#receive(message, body, connection),
        posted: (message, { range }) => this.keeping.ledger.passes(message, ownRange, range),
        relay: (header, bytes, from) => this.relay.take(header, bytes, from),
        threadLost: (connection) => this.#threadLost(worker, connection),
        threadReady: (connection) => this.#threadReady(worker, connection),
        leaving: () => {
          worker.isLeaving = true
          this.membership.leave(worker.id)
        },
        silent: () => this.#cutOff(worker, disconnected),
        violated: (error) => this.#cutOff(worker, cutOffFor(error)),
      },
    })
    this.membership.add(worker)
    return { url, name, token }
  }

  /** Watches over a worker that was asked for. */
  launched(launched: LaunchedWorker): RemoteWorker {
    const worker = this.membership.named(launched.name)
    if (worker === undefined) throw new Error(`Cannot watch over ${launched.name}: it was not admitted`)
    worker.launched = launched
    launched.onLine((line) => this.#options.workerLine(worker.id, line))
    void launched.exited.then((exit) => {
      this.#learn(worker, exit)
      this.lose(worker, exit)
      this.membership.forget(worker)
    })
    // It may have dialled before the manager that launched it said so.
    this.#joinIfConnected(worker)
    return worker
  }

  /** Ends a worker's membership; the first reason that is known stands. */
  lose(worker: RemoteWorker, exit: WorkerExit): void {
    if (worker.exit !== undefined) return
    worker.exit = lossOfWorker(worker, exit)
    const wasLive = worker.hasJoined
    const loss = this.membership.lose(worker, worker.exit)
    const refusal = this.#options.peer().carrier.encodeThrown(loss).body
    for (const connection of worker.connections) {
      this.#news.remove(connection.mailbox.link)
      this.keeping.forget(connection)
      this.relay.remove(connection, { body: refusal, kind: 'failed' })
      this.#options.peer().runner.callerGone(connection.mailbox)
    }
    this.keeping.ledger.ownerGone(worker.id)
    worker.destroy()
    this.#options.peer().lost(worker.id, loss)
    worker.joined.reject(loss)
    if (wasLive && worker.exit.blame !== 'requested')
      this.#options.logger().warn(describeExit(worker.id, worker.exit))
  }

  /** Ends the membership of one that has not ended, and then the worker. */
  #cutOff(worker: RemoteWorker, exit: WorkerExit): void {
    if (worker.exit !== undefined) return
    this.lose(worker, exit)
    worker.endSilent()
  }

  /** Takes in how one that had fallen silent has ended. No warning: that it is lost was one. */
  #learn(worker: RemoteWorker, word: WorkerExit): void {
    if (!isLaterWord(worker, word)) return
    this.membership.learn(worker.id, word)
    this.#options.logger().info(describeLaterWord(worker.id, word))
  }

  /** Runs an entry on the threads that have replayed those before it, of workers that are not live yet. */
  replayWhereJoining(entry: EverywhereEntry): void {
    for (const worker of this.membership.all) {
      if (worker.hasJoined) continue
      for (const { mailbox } of worker.threads) {
        this.#options.everywhereLog.replayOne(entry, this.#replayTarget(worker, mailbox))
      }
    }
  }

  /** Aborts what runs on a worker, or the one call; a thread that never yields is replaced. */
  async interrupt(worker: RemoteWorker, thread: WorkerConnection, call?: number): Promise<void> {
    const id = this.#options.nextId()
    const asked = this.#questions.ask(worker, id, {
      type: 'interrupt',
      id,
      thread: thread.thread?.index ?? 0,
      graceMs: graceFor(call),
      ...(call !== undefined && { call }),
    })
    const isReplaced = await this.#interrupts.note(thread, call, asked)
    const successor = isReplaced ? worker.expectSuccessor(thread) : undefined
    if (successor !== undefined) this.relay.add(successor)
  }

  /** Takes a call back that has not started: true when it never will. */
  async takeBack(
    worker: RemoteWorker,
    mailbox: Mailbox,
    claim: { slot: number; generation: number },
  ): Promise<boolean> {
    const thread = worker.threads.find((connection) => connection.mailbox === mailbox)?.thread
    if (thread === undefined) return false
    const id = this.#options.nextId()
    const answer = await this.#questions.ask(worker, id, { type: 'recall', id, thread: thread.index, claim })
    return answer?.type === 'recalled' && answer.isTaken
  }

  #joinIfConnected(worker: RemoteWorker): void {
    if (!worker.isConnected || worker.hasJoined || worker.exit !== undefined) return
    worker.hasJoined = true
    this.membership.join(worker.id)
    this.#options.logger().info(`${worker.name} is up`)
    worker.launched?.joined?.(worker.id)
    worker.joined.resolve(worker.id)
  }

  #threadReady(worker: RemoteWorker, { mailbox }: WorkerConnection): void {
    this.#news.add(mailbox.link)
    mailbox.link.sendLatest({ type: 'members', workers: this.membership.live })
    this.#options.everywhereLog.replay(this.#replayTarget(worker, mailbox))
    mailbox.link.flush()
  }

  #replayTarget(worker: RemoteWorker, mailbox: Mailbox): ReplayTarget {
    const failed = (error: unknown): void => {
      // Its loss is told by itself, and another thread in place of this one has replayed all of it.
      if (worker.exit !== undefined || worker.threads.every((thread) => thread.mailbox !== mailbox)) return
      const why = error instanceof Error ? error.message : String(error)
      this.#options.logger().warn(`everywhere failed on ${worker.name}: ${why}`)
    }
    return { caller: this.#options.peer(), workerId: worker.id, mailbox, failed }
  }

  #threadLost(worker: RemoteWorker, connection: WorkerConnection): void {
    const successor = worker.threadAt(connection.thread?.index ?? 0)
    const reason = this.#interrupts.reasonFor(connection)
    const peer = this.#options.peer()
    const thrown = peer.carrier.encodeThrown(reason).body
    this.#news.remove(connection.mailbox.link)
    this.keeping.forget(connection)
    const neverBegan = (call: number): boolean => this.#interrupts.neverBegan(connection, call)
    this.relay.remove(connection, { body: thrown, kind: 'thrown', neverBegan })
    peer.runner.callerGone(connection.mailbox)
    peer.mailboxLost(connection.mailbox, {
      error: ({ call }) => {
        if (call.type === 'call' && call.keep !== undefined) this.relay.failKept(worker.id, call.keep, thrown)
        this.keeping.ledger.ended(call.id)
        return new RemoteError(worker.id, reason)
      },
      successorFor: ({ call }) => {
        // Those with a claim are items, which are run again anyhow; a barrier belongs to what the successor replays.
        const isOwn = call.type === 'call' && call.claim === undefined && call.isBarrier !== true
        return isOwn && neverBegan(call.id) ? successor?.mailbox : undefined
      },
    })
  }

  #receive(message: Letter, body: EncodedBody, connection: WorkerConnection): void {
    if (this.keeping.receive(message, body, connection.mailbox)) return
    if (this.#questions.receive(message)) return
    this.#options.peer().receive(message, body, connection.mailbox)
  }

  #refusalOf(id: number): Error {
    try {
      return this.membership.lossOf(id) ?? new RangeError(`Worker ${id} has not joined yet`)
    } catch (error) {
      return error instanceof Error ? error : new RangeError(String(error))
    }
  }
}

const disconnected = disconnectedFor(silence.silenceLimitMs)
