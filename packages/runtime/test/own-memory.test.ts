import { expect, test } from 'vitest'
import type { Encoded } from '../src/body-encoder.ts'
import { inOwnMemory } from '../src/own-memory.ts'

function encodedWith(buffer: Uint8Array): Encoded {
  return {
    body: { head: Uint8Array.of(1), buffers: [buffer] },
    modules: [],
    needs: { loaded: [], imported: [] },
  }
}

test('inOwnMemory() gives what does not change with the memory that it was made of', () => {
  const buffer = Uint8Array.of(7)
  const { body } = inOwnMemory(encodedWith(buffer))
  buffer[0] = 8
  expect(body).toEqual({ head: Uint8Array.of(1), buffers: [Uint8Array.of(7)] })
})

test('inOwnMemory() makes no copy of more than 32 MiB, for which a small worker has no memory', () => {
  const encoded = encodedWith(new Uint8Array(32 * 2 ** 20))
  expect(inOwnMemory(encoded)).toBe(encoded)
})
