import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { selfSigned } from '../src/self-signed.ts'

const options = {
  commonName: 'dialback',
  notBefore: new Date('2026-01-02T03:04:05.678Z'),
  notAfter: new Date('2036-01-02T03:04:05Z'),
}

test('selfSigned() makes a certificate that says what it was asked for', () => {
  const certificate = new X509Certificate(selfSigned(options).certificate)

  expect(certificate.subject).toBe('CN=dialback')
  expect(certificate.issuer).toBe('CN=dialback')
  expect(certificate.validFrom).toBe('Jan  2 03:04:05 2026 GMT')
  expect(certificate.validTo).toBe('Jan  2 03:04:05 2036 GMT')
})

test('selfSigned() signs it with the key that it is for', () => {
  const { key, certificate } = selfSigned(options)
  const parsed = new X509Certificate(certificate)

  expect(parsed.verify(createPublicKey(certificate))).toBe(true)
  expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true)
})

test('selfSigned() never gives the same serial number or key twice', () => {
  const all = Array.from({ length: 300 }, () => selfSigned(options))

  expect(new Set(all.map(({ certificate }) => new X509Certificate(certificate).serialNumber)).size).toBe(300)
  expect(new Set(all.map(({ key }) => key)).size).toBe(300)
})

test('selfSigned() writes years from 2050 on, and names that need a longer length', () => {
  const commonName = 'n'.repeat(300)
  const certificate = new X509Certificate(
    selfSigned({ ...options, commonName, notAfter: new Date('2050-06-07T08:09:10Z') }).certificate,
  )

  expect(certificate.validTo).toBe('Jun  7 08:09:10 2050 GMT')
  expect(certificate.subject).toBe(`CN=${commonName}`)
})
