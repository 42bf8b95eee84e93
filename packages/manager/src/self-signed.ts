/**
 * Makes a certificate that signs itself (RFC 5280 §4.1, in DER, X.690). A library for that takes longer to load, at once,
 * than the event loop may be blocked.
 */

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

export interface Identity {
  /** PEM. */
  readonly key: string
  readonly certificate: string
}

export interface SelfSignedOptions {
  readonly commonName: string
  readonly notBefore: Date
  readonly notAfter: Date
}

/** With a new key on the curve P-256. */
export function selfSigned({ commonName, notBefore, notAfter }: SelfSignedOptions): Identity {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = sequence(objectId(ecdsaWithSha256))
  const name = sequence(
    element(
      tags.set,
      sequence(objectId(commonNameAttribute), element(tags.utf8String, Buffer.from(commonName))),
    ),
  )
  const toBeSigned = sequence(
    element(tags.version, integer(Buffer.of(version3))),
    integer(randomBytes(serialBytes)),
    algorithm,
    name,
    sequence(time(notBefore), time(notAfter)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  // The first byte: how many bits of the last one do not count.
  const signature = element(tags.bitString, Buffer.of(0), sign('sha256', toBeSigned, privateKey))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: pem(sequence(toBeSigned, algorithm, signature)),
  }
}

const version3 = 2
/** At most 20 bytes (RFC 5280 §4.1.2.2). */
const serialBytes = 16
/** 1.2.840.10045.4.3.2 */
const ecdsaWithSha256 = '2a8648ce3d040302'
/** 2.5.4.3 */
const commonNameAttribute = '550403'

const tags = {
  integer: 0x02,
  bitString: 0x03,
  objectId: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** `[0]`, explicit. */
  version: 0xa0,
} as const

function sequence(...content: readonly Buffer[]): Buffer {
  return element(tags.sequence, ...content)
}

/** Positive: what would be a sign gets a zero before it. */
function integer(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0)
  const significant = first === -1 ? Buffer.of(0) : bytes.subarray(first)
  const isNegative = (significant[0] ?? 0) >= 0x80
  return element(tags.integer, ...(isNegative ? [Buffer.of(0)] : []), significant)
}

function objectId(hex: string): Buffer {
  return element(tags.objectId, Buffer.from(hex, 'hex'))
}

/** Years from 2050 on are written with four digits (RFC 5280 §4.1.2.5). */
function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/\.\d+|[-:T]/g, '')}`
  const isShort = date.getUTCFullYear() < 2_050
  return element(
    isShort ? tags.utcTime : tags.generalizedTime,
    Buffer.from(isShort ? digits.slice(2) : digits),
  )
}

function element(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content)
  return Buffer.concat([Buffer.of(tag), lengthOf(body), body])
}

/** One byte, or how many follow and these. */
function lengthOf({ byteLength }: Buffer): Buffer {
  if (byteLength < 0x80) return Buffer.of(byteLength)
  const hex = byteLength.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return Buffer.concat([Buffer.of(0x80 | bytes.byteLength), bytes])
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
