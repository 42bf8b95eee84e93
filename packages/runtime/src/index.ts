export { CachingPool } from './caching-pool.ts'
export { callSignal } from './call-context.ts'
export type {
  AnyFunction,
  BatchOutcome,
  Caller,
  CallInput,
  Shipment,
  StartedCall,
  StartOptions,
} from './caller.ts'
export { Carrier, type CarrierOptions, type PreparedFunction } from './carrier.ts'
export { ClaimTable, claimSlots } from './claim-table.ts'
export { type Clock, systemClock } from './clock.ts'
export type {
  CollectionOptions,
  FailedAttempt,
  ImapOptions,
  ItemError,
  PreduceOptions,
} from './collection-options.ts'
export { currentPeer, providePeer, setCurrentPeer } from './current-peer.ts'
export { defineGlobals } from './define-globals.ts'
export { Future } from './future.ts'
export type { JournalOptions } from './journal/journal-options.ts'
export { type Content, compact } from './keeping/content.ts'
export { Keeper } from './keeping/keeper.ts'
export type { WaitOptions } from './keeping/keeper-client.ts'
export { receiveForKeeper, releasedOf } from './keeping/receive-for-keeper.ts'
export { inOwnMemory } from './own-memory.ts'
export { Peer } from './peer.ts'
export type { PeerHost } from './peer-host.ts'
export { PeerVerbs } from './peer-verbs.ts'
export type { PendingCall } from './pending-calls.ts'
export type { Pool } from './pool.ts'
export { usePool } from './pool-owner.ts'
export type { Progress } from './progress.ts'
export type { Target } from './remote-call.ts'
export { type ChannelOptions, RemoteChannel } from './remote-channel.ts'
export { type BackOffOptions, exponentialBackOff, type RetryOptions, retry } from './retry.ts'
export { RunningMark, rememberedCalls } from './running-mark.ts'
export type { CodeOptions } from './shipping/code-options.ts'
export { sessionGlobals } from './shipping/session-globals.ts'
export { type Bottom, terminalBottom } from './terminal-bottom.ts'
export {
  defaultWorkerPool,
  imap,
  myid,
  nprocs,
  nworkers,
  pmap,
  preduce,
  procs,
  remote,
  remoteCall,
  remoteCallFetch,
  remoteCallWait,
  remoteDo,
  workers,
} from './verbs.ts'
export { WorkerPool } from './worker-pool.ts'
