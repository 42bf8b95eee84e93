import { expect, test } from 'vitest'
import { type Content, compact } from '../src/keeping/content.ts'

/** A value of which `bytes` lie in a buffer of `of`. */
function viewOf(bytes: number, of: number): Uint8Array {
  return new Uint8Array(of).fill(7, 8, 8 + bytes).subarray(8, 8 + bytes)
}

function contentOf(head: Uint8Array, ...buffers: Uint8Array[]): Content {
  return { kind: 'value', body: { head, buffers }, handles: [2, 70] }
}

test('compact() leaves what takes about the memory that it is', () => {
  const content = contentOf(viewOf(600, 1_000), viewOf(3_000, 4_000))
  expect(compact(content)).toBe(content)
})

test('compact() copies small parts out of large buffers, and nothing else', () => {
  const whole = viewOf(3_000, 4_000)
  const compacted = compact(contentOf(viewOf(10, 100_000), whole, viewOf(20, 100_000)))

  expect(compacted).toMatchObject({ kind: 'value', handles: [2, 70] })
  const { head, buffers } = compacted.body
  expect([head, ...buffers].map(({ byteLength }) => byteLength)).toEqual([10, 3_000, 20])
  expect([head, ...buffers].map(({ buffer }) => buffer.byteLength)).toEqual([10, 4_000, 20])
  expect(new Set([...head, ...(buffers[1] ?? [])])).toEqual(new Set([7]))
  expect(buffers[0]).toBe(whole)
})
