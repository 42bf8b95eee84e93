/**
 * The entry of a thread that makes the certificate of a door and ends: loading what makes one takes a tenth of a second, in
 * which workers that are there already would not be heard.
 */

import { parentPort } from 'node:worker_threads'
import { generate } from 'selfsigned'

/** What the thread posts. */
export interface Identity {
  /** PEM. */
  readonly key: string
  readonly certificate: string
}

/** The name in the certificate. Nobody checks it: workers know the certificate itself. */
const commonName = 'dialback'
const dayMs = 86_400_000

const { private: key, cert } = await generate([{ name: 'commonName', value: commonName }], {
  keyType: 'ec',
  curve: 'P-256',
  algorithm: 'sha256',
  // The clocks of the nodes may be behind.
  notBeforeDate: new Date(Date.now() - dayMs),
  notAfterDate: new Date(Date.now() + 3_650 * dayMs),
})
const identity: Identity = { key, certificate: cert }
parentPort?.postMessage(identity)
