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
  ProtocolError,
  RemoteError,
  SerializationError,
  ThreadReplacedError,
  VersionMismatchError,
  WorkerTerminatedError,
} from '@dialback/protocol'
export {
  type BackOffOptions,
  CachingPool,
  type CodeOptions,
  type CollectionOptions,
  callSignal,
  defaultWorkerPool,
  exponentialBackOff,
  Future,
  type ImapOptions,
  imap,
  type JournalOptions,
  myid,
  nprocs,
  nworkers,
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
  WorkerPool,
  workers,
} from '@dialback/runtime'
export {
  type AddProcsOptions,
  Cluster,
  type ClusterOptions,
  type EverywhereOptions,
  type RemoveOptions,
} from './cluster.ts'
export type { ClusterManager, Credentials, Door, LaunchContext, LaunchedWorker } from './cluster-manager.ts'
export { addProcs, everywhere, interrupt, rmProcs, setLogger } from './default-cluster.ts'
export { isK8s } from './is-k8s.ts'
export { K8sClusterManager } from './kubernetes/k8s-cluster-manager.ts'
export type { K8sOptions } from './kubernetes/k8s-options.ts'
export { LocalManager, type LocalManagerOptions } from './local/local-manager.ts'
export type { LogFields, Logger } from './logger.ts'
