/** What the manager's process gives its peer: connections to workers, and a reason to stay alive while calls wait. */

import type { Claim, Mailbox } from '@dialback/protocol'
import type { PeerHost, PendingCall } from '@dialback/runtime'
import { ClaimAllocator } from './claim-allocator.ts'
import { createKeepAlive } from './keep-alive.ts'
import { keepCodeSoon } from './keep-code.ts'
import type { Logger } from './logger.ts'
import { ownRange } from './reference-ledger.ts'
import type { RemoteWorker, WorkerConnection } from './remote-worker.ts'
import type { Supervisor } from './supervisor.ts'

export interface ManagerHostOptions {
  readonly supervisor: Supervisor
  readonly nextId: () => number
  readonly logger: () => Logger
}

export function managerHost({ supervisor, nextId, logger }: ManagerHostOptions): PeerHost {
  const { membership } = supervisor
  const { keeper, ledger } = supervisor.keeping
  const claims = new WeakMap<Mailbox, ClaimAllocator>()
  const keepAlive = createKeepAlive()
  const allocatorOf = (mailbox: Mailbox): ClaimAllocator => {
    const allocator = claims.get(mailbox) ?? new ClaimAllocator()
    claims.set(mailbox, allocator)
    return allocator
  }
  return {
    id: 1,
    nextId,
    mailboxTo: (target, thread) => callable(supervisor, target, thread).mailbox,
    threadsOf: (id) => Math.max(1, membership.get(id)?.threads.length ?? 1),
    keeperOf: (target) => {
      const thread = callable(supervisor, target)
      return membership.get(target)?.control?.mailbox ?? thread.mailbox
    },
    workers: () => membership.live,
    lossOf: (id) => membership.lossOf(id),
    onMembershipChange: (listener) => membership.onChange(listener),
    keep: (ref, content) => {
      if (content.handles !== undefined) ledger.hold(content.handles, ownRange)
      keeper.set(ref, content)
    },
    keeper,
    hold: (handles) => ledger.hold(handles, ownRange),
    release: (refs) => ledger.release(refs, ownRange),
    claim: (mailbox) => allocatorOf(mailbox).give(),
    unclaim: ({ call, mailbox }) => {
      if (call.type === 'call' && call.claim !== undefined && mailbox !== undefined)
        allocatorOf(mailbox).release(call.claim)
    },
    takeBack: async (pending) => {
      const worker = membership.get(pending.target)
      const claim = claimOf(pending)
      const { mailbox } = pending
      if (worker === undefined || mailbox === undefined || claim === undefined) return false
      return await supervisor.takeBack(worker, mailbox, claim)
    },
    cancelled: (pending) => {
      const worker = membership.get(pending.target)
      const thread = worker?.threads.find(({ mailbox }) => mailbox === pending.mailbox)
      if (worker !== undefined && thread !== undefined)
        void supervisor.interrupt(worker, thread, pending.call.id)
    },
    holdOpen: (isHeld) => {
      keepAlive(isHeld)
      if (!isHeld) keepCodeSoon()
    },
    print: (text) => logger().error(text),
    warn: (text) => logger().warn(text),
  }
}

/** @throws the loss of the worker, or a RangeError naming an id that never was. */
function callable({ membership }: Supervisor, id: number, index?: number): WorkerConnection {
  const loss = membership.lossOf(id)
  if (loss !== undefined) throw loss
  const worker: RemoteWorker | undefined = membership.get(id)
  const found = index === undefined ? worker?.nextThread : worker?.threadAt(index)
  const thread = worker?.hasJoined === true ? found : undefined
  if (thread === undefined) throw new RangeError(`Worker ${id} has not joined yet`)
  return thread
}

function claimOf({ call }: PendingCall): Claim | undefined {
  return call.type === 'call' ? call.claim : undefined
}
