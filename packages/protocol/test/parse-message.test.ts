import { expect, test } from 'vitest'
import { ProtocolError } from '../src/errors.ts'
import { limits } from '../src/limits.ts'
import type { Message } from '../src/message.ts'
import { parseHeader } from '../src/parse-message.ts'
import { messages } from './messages.ts'

const noCount = [undefined, null, -1, 1.5, Number.NaN, 2 ** 53, '1', 1n, true, {}]
const noText = [undefined, null, 1, {}, ['hash'], 'x'.repeat(4_097)]
const noFlag = [null, 0, 'true', {}]
const noTexts = [
  null,
  'm1',
  { length: 0 },
  [1],
  ['x'.repeat(4_097)],
  Array(limits.maxBodyParts + 1).fill('m'),
]
const noClaim = [
  null,
  1,
  {},
  { slot: 1 },
  { generation: 1 },
  { slot: -1, generation: 1 },
  { slot: 0, generation: 0.5 },
]
const slot = { pid: 1, fd: 2, offset: 0, length: 3 }
const noSlot = [
  null,
  {},
  { ...slot, pid: '../..' },
  { ...slot, fd: '1/../../etc' },
  { ...slot, offset: -1 },
  { ...slot, mark: 5 },
  { ...slot, length: limits.sharedSlotBytes + 1 },
]

/** For each message and field what must not be there. A field that may be absent has no `undefined`. */
const wrong: { readonly [T in Message['type']]: Readonly<Record<string, readonly unknown[]>> } = {
  call: {
    id: noCount,
    to: noCount,
    fn: noText,
    isBatch: noFlag,
    lane: noText.slice(1),
    claim: noClaim,
    keep: noCount.slice(1),
    isSilent: noFlag,
    isBarrier: noFlag,
    copy: noCount.slice(1),
    modules: noTexts,
  },
  result: { id: noCount },
  error: { id: noCount, kind: [undefined, null, '', 'Thrown', 1, ['thrown']] },
  cancel: { id: noCount, to: noCount },
  define: { id: noCount, to: noCount, hash: noText, modules: noTexts },
  module: { id: noCount, to: noCount, hash: noText },
  unknown: { id: noCount },
  fetch: { id: noCount, to: noCount, ref: noCount, isWaitOnly: noFlag },
  open: { to: noCount, ref: noCount, capacity: noCount.slice(1) },
  put: {
    id: noCount,
    to: noCount,
    ref: noCount,
    kind: [null, '', 'Thrown', 1],
    isCall: noFlag,
    isOwn: noFlag,
  },
  take: { id: noCount, to: noCount, ref: noCount },
  received: { id: noCount, to: noCount },
  inspect: { id: noCount, to: noCount, ref: noCount },
  state: { id: noCount, isReady: [undefined, ...noFlag], isOpen: [undefined, ...noFlag] },
  close: { id: noCount, to: noCount, ref: noCount },
  release: { refs: [undefined, null, 2, [1, '2'], [-1]] },
  free: { refs: [undefined, null, 2, [1, '2'], [-1]] },
  chunk: { stream: noCount, slot: noSlot },
  credit: { stream: noCount, chunks: noCount },
  stop: { stream: noCount },
  ping: { n: noCount },
  pong: { n: noCount },
  members: { workers: [undefined, null, 2, '2', [1, '2'], [-1], Array(1_000_001).fill(2)] },
  recall: { id: noCount, thread: noCount, claim: [undefined, ...noClaim] },
  recalled: { id: noCount, isTaken: [undefined, ...noFlag] },
  interrupt: { id: noCount, thread: noCount, call: noCount.slice(1), graceMs: noCount },
  interrupted: {
    id: noCount,
    isReplaced: [undefined, ...noFlag],
    begun: [null, 2, '2', [1, '2'], [-1], Array(65).fill(2)],
    highest: [null, 2, '2', [1, '2'], [-1], Array(65).fill(2)],
  },
  drain: {},
  goodbye: { reason: noText },
}

test.each(Object.values(messages))('parseHeader() takes $type', (message) => {
  expect(parseHeader(message)).toBe(message)
})

test.each(
  Object.values(messages).flatMap((message) =>
    Object.keys(message)
      .slice(1)
      .map((field) => [message.type, field] as const),
  ),
)('the table of wrong fields knows %s.%s', (type, field) => {
  expect(wrong[type]).toHaveProperty(field)
})

const cases = Object.values(messages).flatMap((message) =>
  Object.entries(wrong[message.type]).map(([field, values]) => ({
    message,
    field,
    values,
    type: message.type,
  })),
)

test.each(cases)(
  'parseHeader() names the wrong field: $type with $field',
  ({ message, field, values, type }) => {
    for (const value of values) {
      expect(() => parseHeader({ ...message, [field]: value })).toThrow(ProtocolError)
      expect(() => parseHeader({ ...message, [field]: value })).toThrow(
        `Received ${type} with a wrong ${field}: `,
      )
    }
  },
)

test.each([-1, 'nine', null, 1.5])('parseHeader() names a wrong stream of any message: %o', (stream) => {
  expect(() => parseHeader({ ...messages.result, parts: [1], stream })).toThrow(
    /^Received result with a wrong stream: /,
  )
})

test.each([[[-1]], [null], ['1'], [Array(limits.maxBodyParts + 1).fill(1)]])(
  'parseHeader() refuses wrong parts of any message',
  (parts) => {
    expect(() => parseHeader({ ...messages.result, parts })).toThrow(
      new ProtocolError('Received result with wrong parts'),
    )
  },
)

test.each([[[1]], [[-1, 1]], [null], ['1'], [Array(2 * limits.maxBodyHandles + 2).fill(1)]])(
  'parseHeader() refuses wrong handles of any message',
  (handles) => {
    expect(() => parseHeader({ ...messages.result, handles })).toThrow(
      new ProtocolError('Received result with wrong handles'),
    )
  },
)

test('parseHeader() refuses a wrong isPacked of any message', () => {
  expect(() => parseHeader({ ...messages.result, isPacked: 1 })).toThrow(
    new ProtocolError('Received result with a wrong isPacked: 1'),
  )
})

test.each([
  [undefined, 'Received a message that is no object: undefined'],
  [null, 'Received a message that is no object: null'],
  ['call', "Received a message that is no object: 'call'"],
  [{}, 'Received a message of unknown type: undefined'],
  [[], 'Received a message of unknown type: undefined'],
  [{ type: 'hello' }, "Received a message of unknown type: 'hello'"],
  [{ type: 'constructor' }, "Received a message of unknown type: 'constructor'"],
  [{ type: ['ping'], n: 1 }, 'Received a message of unknown type: ["ping"]'],
  [{ type: { toString: 1 } }, 'Received a message of unknown type: {"toString":1}'],
  [{ type: { big: 1n } }, 'Received a message of unknown type: an object'],
])('parseHeader() refuses what is no message: %o', (value, message) => {
  expect(() => parseHeader(value)).toThrow(new ProtocolError(message))
})
