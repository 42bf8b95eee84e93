import { prepareOpening } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { createHash, openWith, randomBytes } from '../src/opening-key.ts'

// RFC 6455 §1.3.
const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const accept = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

test('the key of an opening is what ws sends, and its answer what ws expects', () => {
  openWith({ ...prepareOpening('token'), key, accept })

  expect(randomBytes().toString('base64')).toBe(key)
  expect(
    createHash()
      .update(key + guid)
      .digest(),
  ).toBe(accept)
})

test('another key than the one of the last opening has no answer', () => {
  openWith({ ...prepareOpening('token'), key, accept })
  openWith(prepareOpening('token'))

  expect(
    createHash()
      .update(key + guid)
      .digest(),
  ).toBeUndefined()
})
