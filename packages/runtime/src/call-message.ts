/** Pure: the options of a call → the fields of its message. */

import type { Call } from '@dialback/protocol'
import type { StartOptions } from './caller.ts'

/** Only what is set: each field costs bytes and time, on every call. */
export function callFields(
  options: StartOptions,
  isBatch: boolean,
  from: number,
): Omit<Call, 'type' | 'id' | 'to' | 'fn'> {
  return {
    ...(from !== 1 && { from }),
    ...(isBatch && { isBatch }),
    ...(options.lane !== undefined && { lane: options.lane }),
    ...(options.keep !== undefined && { keep: options.keep }),
    ...(options.isSilent === true && { isSilent: true }),
    ...(options.isBarrier === true && { isBarrier: true }),
  }
}
