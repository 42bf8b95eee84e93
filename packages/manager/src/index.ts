export {
  AbortError,
  AuthenticationError,
  type Blame,
  ChannelClosedError,
  DialbackError,
  type Duration,
  FutureSetError,
  JournalError,
  type JournalProblem,
  LaunchError,
  type LaunchFailure,
  type PodIdentity,
  ProtocolError,
  RemoteError,
  SerializationError,
  ThreadReplacedError,
  type TimelineEntry,
  VersionMismatchError,
  type WorkerExit,
  WorkerTerminatedError,
} from '@dialback/protocol'
export {
  type BackOffOptions,
  CachingPool,
  type ChannelOptions,
  type CodeOptions,
  type CollectionOptions,
  callSignal,
  defaultWorkerPool,
  exponentialBackOff,
  type FailedAttempt,
  Future,
  type ImapOptions,
  type ItemError,
  imap,
  type JournalOptions,
  myid,
  nprocs,
  nworkers,
  type PreduceOptions,
  type Progress,
  pmap,
  preduce,
  procs,
  RemoteChannel,
  type RetryOptions,
  remote,
  remoteCall,
  remoteCallFetch,
  remoteCallWait,
  remoteDo,
  retry,
  type Target,
  type WaitOptions,
  WorkerPool,
  workers,
} from '@dialback/runtime'
export {
  type AddProcsOptions,
  Cluster,
  type ClusterOptions,
  type RemoveOptions,
} from './cluster.ts'
export type {
  ClusterManager,
  Credentials,
  Door,
  LaunchContext,
  LaunchedWorker,
  LineListener,
} from './cluster-manager.ts'
export { addProcs, everywhere, interrupt, rmProcs, setLogger } from './default-cluster.ts'
export type { EverywhereOptions } from './everywhere.ts'
export { isK8s } from './is-k8s.ts'
export { K8sClusterManager } from './kubernetes/k8s-cluster-manager.ts'
export type { K8sOptions } from './kubernetes/k8s-options.ts'
export { LocalManager, type LocalManagerOptions } from './local/local-manager.ts'
export type { LogFields, Logger } from './logger.ts'
