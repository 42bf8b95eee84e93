import { expect, test } from 'vitest'
import { describe as describeValue, durationMs } from '../src/duration.ts'

test.each([
  [0, 0],
  [1, 1_000],
  [0.25, 250],
  ['250ms', 250],
  ['30s', 30_000],
  ['1.5s', 1_500],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['1000h', 2_147_483_647],
  ['0ms', 0],
])('durationMs(%o) is %o ms', (duration, ms) => {
  expect(durationMs(duration, 'waitFor')).toBe(ms)
})

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_VALUE, `${'9'.repeat(400)}s`])(
  'durationMs(%o) throws a RangeError that names the option',
  (duration) => {
    expect(() => durationMs(duration, 'waitFor')).toThrow(RangeError)
    expect(() => durationMs(duration, 'waitFor')).toThrow(/^waitFor must be at least 0 and finite: /)
  },
)

test.each([
  ['', "''"],
  ['5', "'5'"],
  ['5 s', "'5 s'"],
  ['5S', "'5S'"],
  ['-5s', "'-5s'"],
  ['.5s', "'.5s'"],
  ['1e3s', "'1e3s'"],
  ['5s\n', "'5s\n'"],
  ['1d', "'1d'"],
  [undefined, 'undefined'],
  [null, 'null'],
  [true, 'true'],
  [5n, '5n'],
  [{ s: 5 }, '{"s":5}'],
])('durationMs(%o) throws a TypeError that repeats the value', (duration, repeated) => {
  const expected = `pendingTimeout must be a duration (seconds, or '250ms', '30s', '5m', '1h'): ${repeated}`
  expect(() => durationMs(duration, 'pendingTimeout')).toThrow(new TypeError(expected))
})

test('describe() of a hostile value neither throws nor is long', () => {
  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  expect(describeValue(circular)).toBe('an object')
  expect(describeValue({ big: 1n })).toBe('an object')
  expect(describeValue({ toJSON: () => undefined })).toBe('an object')
  expect(describeValue('x'.repeat(10_000))).toBe(`'${'x'.repeat(200)}'`)
  expect(describeValue(['x'.repeat(10_000)])).toHaveLength(80)
  expect(describeValue(Symbol('x'.repeat(10_000)))).toHaveLength(200)
})

class Bare {}

test.each([
  [Promise.resolve([1]), 'Promise'],
  [new AbortController(), 'AbortController'],
  [new Map([[1, 2]]), 'Map'],
  [new Bare(), 'Bare'],
  [class {}.prototype, '{}'],
  [new (class {})(), '{}'],
  [{}, '{}'],
  [Object.create(null), '{}'],
  [Object.assign(new Bare(), { n: 1 }), '{"n":1}'],
])('describe() tells what would be {} by its class: %o', (value, text) => {
  expect(describeValue(value)).toBe(text)
})
