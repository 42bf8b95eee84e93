/** What a `Carrier` asks about objects that stand for something elsewhere: futures, channels, pools. */

import type { CodecHooks, DescribedHandle, EncodedBody, RefusedHandle } from '@dialback/protocol'

/** Where a handle leads to. */
interface HandleReference {
  readonly owner: number
  readonly ref: number
}

/** As it travels. */
export interface SentHandle extends DescribedHandle {
  /** Absent when it carries all that it stands for. */
  readonly reference?: HandleReference
}

export interface HandleHooks {
  describeHandle(value: object): SentHandle | RefusedHandle | undefined
  reviveHandle: CodecHooks['reviveHandle']
  /** A body was decoded, or cannot be: what it refers to counts by the handles that were made of it. */
  decoded(body: EncodedBody): void
}
