/** What `@dialback/manager` is to user code on a worker: the runtime's own side of the same names. */

import {
  AbortError,
  AuthenticationError,
  ChannelClosedError,
  DialbackError,
  FutureSetError,
  JournalError,
  LaunchError,
  ProtocolError,
  RemoteError,
  SerializationError,
  ThreadReplacedError,
  VersionMismatchError,
  WorkerTerminatedError,
} from '@dialback/protocol'
import {
  CachingPool,
  callSignal,
  defaultWorkerPool,
  defineGlobals,
  exponentialBackOff,
  Future,
  imap,
  myid,
  nprocs,
  nworkers,
  pmap,
  preduce,
  procs,
  RemoteChannel,
  remote,
  remoteCall,
  remoteCallFetch,
  remoteCallWait,
  remoteDo,
  retry,
  usePool,
  WorkerPool,
  workers,
} from '@dialback/runtime'

const errors = {
  AbortError,
  AuthenticationError,
  ChannelClosedError,
  DialbackError,
  JournalError,
  FutureSetError,
  LaunchError,
  ProtocolError,
  RemoteError,
  SerializationError,
  ThreadReplacedError,
  VersionMismatchError,
  WorkerTerminatedError,
}

/** Runs on the manager: it alone knows all processes and what later ones must be told. */
function everywhere(...args: unknown[]): Promise<unknown> {
  return remoteCallFetch(everywhere, 1, ...args)
}

function onlyOnManager(): Promise<never> {
  return Promise.reject(new Error('Only process 1 can add, remove and interrupt workers'))
}

function isK8s(): boolean {
  return (
    process.env['KUBERNETES_SERVICE_HOST'] !== undefined &&
    process.env['KUBERNETES_SERVICE_PORT'] !== undefined
  )
}

class OnlyOnManager {
  constructor() {
    throw new Error('Only process 1 can have a cluster')
  }
}

export const runtimeModule: Readonly<Record<string, unknown>> = {
  ...errors,
  addProcs: onlyOnManager,
  CachingPool,
  Cluster: OnlyOnManager,
  callSignal,
  defaultWorkerPool,
  defineGlobals,
  everywhere,
  exponentialBackOff,
  Future,
  imap,
  interrupt: () => onlyOnManager(),
  isK8s,
  K8sClusterManager: class K8sClusterManager extends OnlyOnManager {},
  LocalManager: class LocalManager extends OnlyOnManager {},
  myid,
  nprocs,
  nworkers,
  pmap,
  preduce,
  procs,
  RemoteChannel,
  remote,
  remoteCall,
  remoteCallFetch,
  remoteCallWait,
  remoteDo,
  retry,
  rmProcs: () => onlyOnManager(),
  setLogger: () => {},
  usePool,
  WorkerPool,
  workers,
}
