import { expect, test } from 'vitest'
import { bodyBytes, emptyBody } from '../src/body.ts'

test('bodyBytes() adds up the head and all buffers', () => {
  expect(bodyBytes(emptyBody)).toBe(0)
  expect(bodyBytes({ head: new Uint8Array(3), buffers: [] })).toBe(3)
  expect(
    bodyBytes({
      head: new Uint8Array(3),
      buffers: [new Uint8Array(4), new Uint8Array(0), new Uint8Array(5)],
    }),
  ).toBe(12)
})
