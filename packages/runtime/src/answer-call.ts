/** Answers a call with its value or failure, and keeps it where the caller asked for that. */

import { type Call, DialbackError, type EncodedBody, type Mailbox } from '@dialback/protocol'
import type { Encoded } from './body-encoder.ts'
import type { Definition } from './definition-store.ts'
import type { Content } from './keeping/content.ts'
import { type Posting, postModules } from './post-encoded.ts'

export interface Answering extends Posting {
  readonly keep: (ref: number, content: Content) => void
}

/** A call that arrived. */
export interface Job {
  readonly call: Call
  readonly body: EncodedBody
  readonly mailbox: Mailbox
  /** The function as it was when the call arrived, of one that waits. */
  readonly definition?: Definition | Promise<Definition> | undefined
}

export function answerCall(
  answering: Answering,
  { call, mailbox }: Omit<Job, 'body'>,
  kind: Content['kind'],
  encoded: Encoded,
): void {
  const { id } = call
  if (call.keep !== undefined) answering.keep(call.keep, { kind, ...answering.carrier.packing.pack(encoded) })
  if (kind === 'value' && call.keep !== undefined) {
    mailbox.post({ type: 'result', id })
    return
  }
  const { body, modules, needs, handles } = encoded
  postModules(answering, mailbox, call.from ?? 1, modules)
  const facts = {
    ...(needs.loaded.length > 0 && { modules: needs.loaded }),
    ...(handles !== undefined && { handles }),
  }
  if (kind === 'value') mailbox.post({ type: 'result', id, ...facts }, body)
  else mailbox.post({ type: 'error', id, kind, ...facts }, body)
}

/** What a module of the user throws when it is loaded is thrown by the call; what is wrong with the call itself is not. */
export function kindOf(error: unknown): 'thrown' | 'failed' {
  return error instanceof DialbackError ? 'failed' : 'thrown'
}
