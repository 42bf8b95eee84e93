import { expect, test } from 'vitest'
import { textOfValue } from '../src/text-of-value.ts'

class Failure {
  readonly status = 503
}

class Told {
  toString(): string {
    return 'as it says itself'
  }
}

test.each<[value: unknown, text: string]>([
  ['text', 'text'],
  [42n, '42'],
  [null, 'null'],
  [{ status: 404, body: { error: 'gone' } }, "{ status: 404, body: { error: 'gone' } }"],
  [{ a: { b: { c: 1 } } }, '{ a: { b: [Object] } }'],
  [new Failure(), 'Failure { status: 503 }'],
  [new Told(), 'as it says itself'],
  [[1, { a: 1 }], '[ 1, { a: 1 } ]'],
  [new Map([['a', 1]]), "Map(1) { 'a' => 1 }"],
  [new URL('https://example.org/a'), 'https://example.org/a'],
])('textOfValue() of %o says what it is', (value, text) => {
  expect(textOfValue(value)).toBe(text)
})

test('textOfValue() is never long, runs no getter, and survives what throws at a touch', () => {
  const getters = {
    get a(): never {
      throw new Error('touched')
    },
  }
  const hostile = new Proxy(
    {},
    {
      get: () => {
        throw new Error('touched')
      },
    },
  )

  expect(textOfValue({ text: 'x'.repeat(10_000), more: Array(10_000).fill('y') })).toHaveLength(201)
  expect(textOfValue(getters)).toBe('{ a: [Getter] }')
  expect(textOfValue(hostile)).toBe('a value that cannot be described')
})
