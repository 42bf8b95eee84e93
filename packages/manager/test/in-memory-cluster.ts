/** A manager and its workers in one process, over connections in memory: all but the processes and user code is real. */

import { setImmediate as turn } from 'node:timers/promises'
import {
  type Hello,
  idsPerRange,
  type Letter,
  Mailbox,
  memoryTransportPair,
  type WorkerExit,
} from '@dialback/protocol'
import { Carrier, Keeper, Peer, type PeerHost, receiveForKeeper, releasedOf } from '@dialback/runtime'
import { EverywhereLog } from '../src/everywhere-log.ts'
import type { Keeping } from '../src/keeping.ts'
import { managerHost } from '../src/manager-host.ts'
import { Supervisor } from '../src/supervisor.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const killed: WorkerExit = { reason: 'Killed', blame: 'unknown' }

type Receive = (message: Letter, body: Parameters<Peer['receive']>[1], mailbox: Mailbox) => void

/** A worker of one thread: its agent's keeper, and the peer that user code would have. */
export class InMemoryWorker {
  readonly keeper: Keeper
  readonly peer: Peer
  readonly id: number
  /** Ends it as SIGKILL would: at once, nothing more is sent. */
  readonly kill: (exit?: WorkerExit) => Promise<void>

  constructor(supervisor: Supervisor, name: string) {
    const { token } = supervisor.expect(name, 'ws://memory')
    const { promise: exited, resolve } = Promise.withResolvers<WorkerExit>()
    supervisor.launched({ name, threads: 1, exited, onLine() {}, end() {}, hold() {} })
    const dial = (connection: string, receive: Receive): [Mailbox, number, () => number] =>
      connect(supervisor, { name, token, connection }, receive)

    const [control, id] = dial('control', (message, body, mailbox) => {
      receiveForKeeper(this.keeper, { message, body, mailbox }, () => {
        throw new Error('An agent has bytes only')
      })
    })
    this.id = id
    this.keeper = new Keeper(({ handles, own }) => {
      if (handles !== undefined) control.post({ type: 'release', refs: releasedOf(handles) })
      if (own !== undefined) this.peer.values.left(own)
    })
    const [thread, , nextId] = dial('thread 0.0', (message, body, mailbox) =>
      this.peer.receive(message, body, mailbox),
    )
    const host: PeerHost = {
      id,
      nextId,
      mailboxTo: () => thread,
      keeperOf: () => thread,
      workers: () => supervisor.membership.live,
      lossOf: () => undefined,
      onMembershipChange: () => () => {},
      keep: (ref, content) => this.keeper.set(ref, content),
      release: (refs) => thread.post({ type: 'release', refs }),
      holdOpen() {},
      print() {},
    }
    this.peer = new Peer(host, new Carrier({ runtimeModule: {}, isRuntimeModule: () => false }))
    this.kill = async (exit = killed) => {
      for (const mailbox of [control, thread]) mailbox.destroy()
      resolve(exit)
      await settled()
    }
  }
}

export class InMemoryCluster {
  readonly manager: Peer
  readonly keeping: Keeping
  readonly workers: readonly InMemoryWorker[]
  readonly #supervisor: Supervisor

  /** `lastId`: so many ids the manager has given before. */
  constructor(np: number, lastId = 0) {
    const nextId = (): number => (lastId += 1)
    const options = { nextId, logger: () => silent, workerLine() {}, everywhereLog: new EverywhereLog() }
    this.#supervisor = new Supervisor({ ...options, peer: () => this.manager })
    const host = managerHost({ supervisor: this.#supervisor, nextId, logger: () => silent })
    this.manager = new Peer(host, new Carrier({ runtimeModule: {}, isRuntimeModule: () => false }))
    this.keeping = this.#supervisor.keeping
    this.workers = Array.from({ length: np }, (_, i) => new InMemoryWorker(this.#supervisor, `w-${i + 2}`))
  }

  /** One more worker, which is not among `workers`. */
  add(): InMemoryWorker {
    return new InMemoryWorker(this.#supervisor, `w-${this.#supervisor.membership.nextId}`)
  }

  /** The peer of process `id`. */
  peer(id: number): Peer {
    const peer = id === 1 ? this.manager : this.workers[id - 2]?.peer
    if (peer === undefined) throw new Error(`There is no process ${id}`)
    return peer
  }

  /** What is left: values, counts of who holds them, questions that wait. */
  get left(): Record<string, number> {
    const peers = [this.manager, ...this.workers.map(({ peer }) => peer)]
    const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
    return {
      kept: this.keeping.keeper.size + sum(this.workers.map(({ keeper }) => keeper.size)),
      held: this.keeping.ledger.size,
      references: sum(peers.map(({ values }) => values.references.size)),
      pending: sum(peers.map(({ pendingCount }) => pendingCount)),
      relayed: this.#supervisor.relay.size,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.workers) await worker.kill()
  }
}

/** Nothing of it is left. */
export const nothingLeft = { kept: 0, held: 0, references: 0, pending: 0, relayed: 0 }

/** Lets what was sent arrive, and what that leads to. */
export async function settled(turns = 30): Promise<void> {
  for (let i = 0; i < turns; i++) await turn()
}

function connect(
  supervisor: Supervisor,
  { name, token, connection }: Pick<Hello, 'name' | 'token' | 'connection'>,
  receive: Receive,
): [Mailbox, number, () => number] {
  const hello = { name, token, connection, pid: 1, received: 0, nonce: 'n', protocol: 1 } as const
  const admitted = supervisor.admission.admit({ type: 'hello', runtime: process.version, ...hello })
  if (admitted.answer.type !== 'welcome' || !('attach' in admitted)) throw new Error('It was not let in')
  let lastId = admitted.answer.idRange * idsPerRange
  const nextId = (): number => ++lastId
  const mailbox: Mailbox = new Mailbox({
    nextStream: nextId,
    events: {
      message: (message, body) => receive(message, body, mailbox),
      detached() {},
      violated(error) {
        throw error
      },
    },
  })
  const [near, far] = memoryTransportPair()
  mailbox.link.attach(near, 0)
  admitted.attach?.(far)
  return [mailbox, admitted.answer.workerId, nextId]
}
