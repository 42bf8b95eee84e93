/** Pure: what becomes of a message whose body this process has no memory, or may open no file, for. It fails; the process, and all else in it, goes on. */

import type { EncodedBody } from './body.ts'
import { Codec } from './codec/codec.ts'
import { noHooks } from './codec/hooks.ts'
import type { Header, Letter } from './message.ts'

export interface Unreceivable {
  /** For whoever sent it. */
  readonly answer?: Letter
  /** For this process, in its place. */
  readonly instead?: Letter
  /** Of either. */
  readonly body: EncodedBody
}

export function unreceivable(header: Header, why: string): Unreceivable {
  const bytes = (header.parts ?? []).reduce((sum, length) => sum + length, 0)
  const error = new RangeError(`Cannot receive ${bytes} bytes: ${why}`)
  const body = new Codec(noHooks).encode(error, 'error')
  if (header.type === 'call' || header.type === 'put')
    return { answer: { type: 'error', id: header.id, kind: 'failed' }, body }
  if (header.type === 'result' || header.type === 'error')
    return { instead: { type: 'error', id: header.id, kind: 'failed' }, body }
  if (header.type === 'cancel') return { instead: { type: 'cancel', id: header.id, to: header.to }, body }
  // What needs a definition or module is then said not to be here.
  return { body }
}
