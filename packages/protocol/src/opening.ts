/**
 * What the handshakes of a connection take of cryptography. It can be had ahead of time, by whoever knows the token: a local worker
 * is given it, because to load `node:crypto` for that alone, in its process and in each thread, takes a tenth of its start.
 */

import { createHash, randomBytes } from 'node:crypto'
import { proofOf } from './handshake.ts'

/** Of one attempt to connect. */
export interface Opening {
  /** Of the hello, and the proof that the welcome has to give for it. */
  readonly nonce: string
  readonly proof: string
  /** `Sec-WebSocket-Key`, and the `Sec-WebSocket-Accept` that has to answer it. */
  readonly key: string
  readonly accept: string
}

export function prepareOpening(token: string): Opening {
  const nonce = randomBytes(16).toString('hex')
  const key = randomBytes(16).toString('base64')
  // RFC 6455 §4.2.2.
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  return { nonce, proof: proofOf(token, nonce), key, accept }
}
