/** What the agent's main thread and its user threads say to each other, over their message port. */

import type { Opening } from '@dialback/protocol'
import type { Content } from '@dialback/runtime'
import type { Credentials } from './dial.ts'

/** Given to a thread when it starts. */
export interface ThreadSetup {
  readonly credentials: Credentials
  /** See `Settings`. */
  readonly isRemote: boolean
  /** See `Settings`. */
  readonly patienceMs: number
  /** See `Settings`; undefined: the thread makes its own. */
  readonly opening: Opening | undefined
  readonly index: number
  /** Counts the threads that had this index. */
  readonly generation: number
  readonly claims: SharedArrayBuffer
  /** Where the thread says which call it runs. */
  readonly mark: SharedArrayBuffer
}

export type ToThread =
  /** Abort what runs, or the one call; answer with `interrupted`. */
  | { readonly type: 'interrupt'; readonly id: number; readonly call?: number }
  /** Answer with `idle` when nothing runs any more. */
  | { readonly type: 'drain' }
  /** What was put by the message with this id is not kept any more. */
  | { readonly type: 'left'; readonly id: number }

export type FromThread =
  /** The connection stands: calls can come. */
  | { readonly type: 'ready'; readonly threadId?: number }
  | { readonly type: 'keep'; readonly ref: number; readonly content: Content }
  | { readonly type: 'interrupted'; readonly id: number }
  | { readonly type: 'idle' }
  /** The manager is gone or refuses this worker. */
  | { readonly type: 'lost'; readonly reason: string }
