export {
  AbortError,
  AuthenticationError,
  type Blame,
  DialbackError,
  type Duration,
  LaunchError,
  type LaunchFailure,
  ProtocolError,
  RemoteError,
  SerializationError,
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
  type Future,
  type ImapOptions,
  imap,
  myid,
  nprocs,
  nworkers,
  type Progress,
  pmap,
  preduce,
  procs,
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
export type { ClusterManager, LaunchContext, LaunchedWorker } from './cluster-manager.ts'
export { addProcs, everywhere, interrupt, isK8s, rmProcs, setLogger } from './default-cluster.ts'
export { LocalManager, type LocalManagerOptions } from './local/local-manager.ts'
export type { LogFields, Logger } from './logger.ts'
