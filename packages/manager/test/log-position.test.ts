import { expect, test } from 'vitest'
import { LogPosition } from '../src/kubernetes/log-position.ts'

const first = '2026-11-25T22:42:13.000000001Z a'
const second = '2026-11-25T22:42:13.000000002Z b'
const secondToo = '2026-11-25T22:42:13.000000002Z b'
const third = '2026-11-25T22:42:14.500000000Z c'

function taken(position: LogPosition, ...lines: string[]): (string | undefined)[] {
  position.reopen()
  return lines.map((line) => position.take(line))
}

test('LogPosition gives each line once however often the log is opened', () => {
  const position = new LogPosition()
  expect(position.sinceTime).toBeUndefined()
  expect(taken(position, first, second)).toEqual(['a', 'b'])
  expect(position.sinceTime).toBe('2026-11-25T22:42:13Z')
  expect(taken(position, first, second, secondToo, third)).toEqual([undefined, undefined, 'b', 'c'])
  expect(taken(position, third)).toEqual([undefined])
  expect(position.sinceTime).toBe('2026-11-25T22:42:14Z')
})

test('LogPosition keeps empty lines, spaces, and the rest of a line that was cut', () => {
  const position = new LogPosition()
  expect(
    taken(position, '2026-11-25T22:42:13.000000001Z ', 'the rest', '2026-11-25T22:42:13.000000002Z   x'),
  ).toEqual(['', 'the rest', '  x'])
})

test('LogPosition gives lines whose times are not in order, each once', () => {
  const position = new LogPosition()
  expect(taken(position, second, first)).toEqual(['b', 'a'])
  // What comes behind the last one that was given is new, whatever its time.
  const between = '2026-11-25T22:42:13.000000000Z d'
  expect(taken(position, second, first, between, third)).toEqual([undefined, undefined, 'd', 'c'])
})

test('LogPosition goes on with what is later when a log has begun anew', () => {
  const position = new LogPosition()
  expect(taken(position, first, second)).toEqual(['a', 'b'])
  expect(taken(position, first, third)).toEqual([undefined, 'c'])
})
