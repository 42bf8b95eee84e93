/** Takes in definitions, modules and reasons, which may be anything: whoever sent them is to suffer from it, and nobody else. */

import { AbortError, type EncodedBody, idsPerRange, type Letter } from '@dialback/protocol'
import type { CallRunner } from './call-runner.ts'
import type { Carrier } from './carrier.ts'
import { contentHash } from './content-hash.ts'
import { isKept } from './function-copies.ts'

/** One of another worker is taken only for what it is: others may have sent, or send yet, what it is said to be. */
export function receiveDefinition(
  runner: CallRunner,
  define: Letter & { readonly type: 'define' },
  body: EncodedBody,
): void {
  if (define.id < idsPerRange || contentHash(body) === define.hash)
    runner.define(define, body, isKept(body, define.handles))
}

/** One that is malformed is not here to what needs it, which whoever sent it is told. */
export function receiveModule(carrier: Carrier, body: EncodedBody): void {
  try {
    carrier.addModule(body)
  } catch {
    // Not logged: the lines here are the user's, and the sender's call fails with this.
  }
}

/** Why a call is to end. Without a body its caller is gone; one that cannot be read must not keep the call running. */
export function readReason(carrier: Carrier, body: EncodedBody): unknown {
  if (body.head.byteLength === 0) return new AbortError('The caller is gone')
  try {
    return carrier.decode(body)
  } catch (error) {
    return error
  }
}
