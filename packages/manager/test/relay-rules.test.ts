import { type Header, ProtocolError } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { checkRelayed } from '../src/relay-rules.ts'

const range = 3
const own = range * 2 ** 32 + 1
const other = 4 * 2 ** 32 + 1
const call = { type: 'call', id: own, to: 2, fn: 'f' } as const

test.each<[title: string, header: Header, bytes?: Uint8Array]>([
  ['a call', { ...call, keep: own, lane: 'l', modules: ['m'], handles: [2, other] }, Buffer.of(1)],
  ['a body of parts', { ...call, parts: [1, 2] }, Buffer.of(1, 2, 3)],
  ['a body as chunks', { ...call, parts: [1, 2], stream: own, handles: [2, other] }],
  ['a question about a value of another', { type: 'take', id: own, to: 2, ref: other }],
  ['an answer', { type: 'result', id: other, parts: [100_000], stream: own }],
  ['fields of a later version', Object.assign({ later: 'x', more: [1, 'y', null] }, call)],
])('checkRelayed() lets %s pass', (_title, header, bytes) => {
  expect(() => checkRelayed({ header, bytes: bytes ?? null, range, isOwn: false })).not.toThrow()
})

test('checkRelayed() lets a thread put for its own process', () => {
  const header = { type: 'put', id: own, to: 2, ref: other, isCall: true } as const

  expect(() => checkRelayed({ header, bytes: null, range, isOwn: true })).not.toThrow()
  expect(() => checkRelayed({ header, bytes: null, range, isOwn: false })).toThrow(ProtocolError)
})

test.each<[title: string, header: Header, message: string]>([
  ['id', { ...call, id: other }, `Received call with an id of another process: ${other}`],
  ['stream', { ...call, parts: [1], stream: 5 }, 'Received call with a stream of another process: 5'],
  ['keep', { ...call, keep: other }, `Received call to keep under a ref of another process: ${other}`],
  ['ref', { type: 'open', to: 2, ref: 5 }, 'Received open with a ref of another process: 5'],
  ['claim', { ...call, claim: { slot: 1, generation: 1 } }, 'Received call with a claim for another worker'],
  ['parts', { ...call, parts: [1] }, 'Received call whose parts are not its body'],
  ['handles', { ...call, handles: [2, 5] }, 'Received call with handles but no body'],
  ['list', Object.assign({ later: [[1]] }, call), 'Received call with a field that is not flat: later'],
  ['map', Object.assign({ later: { a: 1 } }, call), 'Received call with a field that is not flat: later'],
])('checkRelayed() refuses a wrong %s', (_title, header, message) => {
  expect(() => checkRelayed({ header, bytes: null, range, isOwn: false })).toThrow(new ProtocolError(message))
})
