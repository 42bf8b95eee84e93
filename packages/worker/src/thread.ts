/** The entry of a thread that runs user code: it holds its own connection, so that calls reach it without a hop. */

import { parentPort, workerData } from 'node:worker_threads'
import type { EncodedBody, Letter, Mailbox, WorkerTerminatedError } from '@dialback/protocol'
import {
  Carrier,
  ClaimTable,
  type Content,
  compact,
  Peer,
  type PeerHost,
  RunningMark,
  setCurrentPeer,
} from '@dialback/runtime'
import { Connection } from './connection.ts'
import { writeAll, writeOutputDirectly } from './direct-output.ts'
import { keepCompiledCode } from './keep-code.ts'
import { runtimeModule } from './runtime-module.ts'
import { watchForSilence } from './silence.ts'
import { ownThreadId } from './stuck-thread.ts'
import type { FromThread, ThreadSetup, ToThread } from './thread-messages.ts'

// The agent starts this file with these.
const setup = workerData as ThreadSetup
const port = parentPort

writeOutputDirectly()

let members: readonly number[] = []
const membershipListeners = new Set<() => void>()
/** Messages that arrive while the peer is being made. */
let early: [Letter, EncodedBody, Mailbox][] | undefined = []
let peer: Peer | undefined
let hasBeenCalled = false

let connection: Connection | undefined

void Connection.open({
  credentials: setup.credentials,
  connection: `thread ${setup.index}.${setup.generation}`,
  isRemote: setup.isRemote,
  patienceMs: setup.patienceMs,
  opening: setup.opening,
  message: receive,
  lost: (reason) => tell({ type: 'lost', reason }),
}).then(serve, (error: unknown) => {
  tell({ type: 'lost', reason: error instanceof Error ? error.message : String(error) })
})

function serve(connected: Connection): void {
  connection = connected
  const { mailbox, welcome } = connected
  const host: PeerHost = {
    id: welcome.workerId,
    nextId: () => connected.nextId(),
    // All that leaves goes to the manager, which passes on what is for another worker.
    mailboxTo: () => mailbox,
    keeperOf: () => mailbox,
    workers: () => members,
    lossOf: (): WorkerTerminatedError | undefined => undefined,
    onMembershipChange: (listener) => {
      membershipListeners.add(listener)
      return () => membershipListeners.delete(listener)
    },
    keep: (ref, content) => {
      // What is referred to in it must count as held by the agent before it is let go of here.
      if (content.handles === undefined) tell({ type: 'keep', ref, content: compact(content) })
      else postKept(connected, ref, content)
    },
    release: (refs) => mailbox.post({ type: 'release', refs }),
    holdOpen: () => {},
    print: (text) => writeAll(2, Buffer.from(`${text}\n`)),
  }
  const isRuntimeModule = (specifier: string): boolean => specifier === '@dialback/manager'
  const carrier = new Carrier({ runtimeModule, isRuntimeModule })
  carrier.provideRuntime()
  peer = new Peer(host, carrier, {
    claims: new ClaimTable(setup.claims),
    mark: new RunningMark(setup.mark),
  })
  setCurrentPeer(peer)
  // First of all: what waits may be a call that never yields.
  port?.on('message', hear)
  if (setup.isRemote) watchForSilence(connected, true)
  const threadId = ownThreadId()
  tell({ type: 'ready', ...(threadId !== undefined && { threadId }) })
  const waiting = early ?? []
  early = undefined
  for (const [message, body, from] of waiting) receive(message, body, from)
}

function postKept(connected: Connection, ref: number, content: Content): void {
  const { kind, body, isPacked, handles } = content
  const to = connected.welcome.workerId
  const facts = {
    ...(kind !== 'value' && { kind }),
    ...(isPacked && { isPacked }),
    ...(handles && { handles }),
  }
  connected.mailbox.post({ type: 'put', id: connected.nextId(), to, ref, isCall: true, ...facts }, body)
}

function receive(message: Letter, body: EncodedBody, mailbox: Mailbox): void {
  if (early !== undefined) {
    early.push([message, body, mailbox])
    return
  }
  if (message.type === 'members') {
    members = message.workers
    for (const listener of membershipListeners) listener()
    return
  }
  if (message.type === 'call' && !hasBeenCalled) {
    hasBeenCalled = true
    // All that a call needs is compiled then, and its answer, upon which the process may be told to end, has not left.
    peer?.runner.whenNextIdle(keepCompiledCode)
  }
  peer?.receive(message, body, mailbox)
}

function hear(message: ToThread): void {
  if (message.type === 'left') {
    peer?.values.left(message.id)
    return
  }
  if (message.type === 'drain') {
    // The process ends once this is told: the answers must have arrived.
    peer?.runner.whenIdle(() => connection?.mailbox.whenDelivered(() => tell({ type: 'idle' })))
    return
  }
  if (message.call === undefined) peer?.runner.interrupt()
  // A single call was cancelled by a message of its own; this only asks whether the thread still yields.
  tell({ type: 'interrupted', id: message.id })
}

function tell(message: FromThread): void {
  port?.postMessage(message)
}
