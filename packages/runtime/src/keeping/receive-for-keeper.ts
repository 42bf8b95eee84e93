/** Hands a keeper what came for it over a connection. */

import type { EncodedBody, Letter, Mailbox } from '@dialback/protocol'
import { askerOver, type Content, compact } from './content.ts'
import type { Keeper } from './keeper.ts'

export interface Arrived {
  readonly message: Letter
  readonly body: EncodedBody
  readonly mailbox: Mailbox
}

/** Takes a message if it is for the keeper: true when it was. `encode` makes bodies of values that are here. */
export function receiveForKeeper(
  keeper: Keeper,
  { message, body, mailbox }: Arrived,
  encode: (value: unknown) => Content,
): boolean {
  switch (message.type) {
    case 'open':
      keeper.open(message.ref, message.capacity)
      return true
    case 'put':
    case 'take':
    case 'inspect':
    case 'close':
    case 'fetch':
      keeper.ask(message, contentIn(message, body), askerOver(message.id, mailbox, encode))
      return true
    case 'received':
      keeper.received(message)
      return true
    case 'free':
      keeper.free(message.refs)
      return true
    case 'cancel':
      // Without a body the caller is gone. It may be a call that is meant.
      keeper.cancel(message.id, body.head.byteLength === 0 ? undefined : { kind: 'failed', body })
      return false
    // biome-ignore format: these are not
    case 'call':
    case 'result':
    case 'error':
    case 'define':
    case 'module':
    case 'unknown':
    case 'state':
    case 'release':
    case 'chunk':
    case 'credit':
    case 'stop':
    case 'ping':
    case 'pong':
    case 'members':
    case 'recall':
    case 'recalled':
    case 'interrupt':
    case 'interrupted':
    case 'drain':
    case 'goodbye':
      return false
  }
}

function contentIn(message: Letter, body: EncodedBody): Content {
  const { isPacked, handles } = message
  if (message.type !== 'put') return { kind: 'value', body }
  const own = message.isOwn === true ? { own: message.id } : {}
  return compact({ kind: message.kind ?? 'value', body, isPacked, handles, ...own })
}

/** All counts of a body's handles, as they are released: `[ref, count, …]`. */
export function releasedOf(handles: readonly number[]): number[] {
  return handles.flatMap((ref, at) => (at % 2 === 1 ? [ref, 1] : []))
}
