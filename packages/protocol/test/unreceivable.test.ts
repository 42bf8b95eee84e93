import { expect, test } from 'vitest'
import { Codec } from '../src/codec/codec.ts'
import { noHooks } from '../src/codec/hooks.ts'
import { unreceivable } from '../src/unreceivable.ts'

const parts = [4, 2 ** 32]
const why = 'there is no memory for them'

test('unreceivable() answers calls and puts, and says how large they were', () => {
  const { answer, instead, body } = unreceivable(
    { type: 'call', id: 7, to: 2, fn: 'f', parts, stream: 8 },
    why,
  )

  expect([answer, instead]).toEqual([{ type: 'error', id: 7, kind: 'failed' }, undefined])
  expect(new Codec(noHooks).decode(body)).toEqual(
    new RangeError('Cannot receive 4294967300 bytes: there is no memory for them'),
  )
  expect(unreceivable({ type: 'put', id: 7, to: 2, ref: 5, parts, stream: 8 }, why).answer).toEqual(answer)
})

test('unreceivable() makes answers fail, lets calls end, and leaves out the rest', () => {
  const failed = { type: 'error', id: 7, kind: 'failed' }

  expect(unreceivable({ type: 'result', id: 7, parts }, why).instead).toEqual(failed)
  expect(unreceivable({ type: 'error', id: 7, kind: 'thrown', parts }, why).instead).toEqual(failed)
  expect(unreceivable({ type: 'cancel', id: 7, to: 2, parts }, why).instead).toEqual({
    type: 'cancel',
    id: 7,
    to: 2,
  })
  expect(unreceivable({ type: 'module', id: 7, to: 2, hash: 'm', parts }, why)).toEqual({
    body: expect.anything(),
  })
})
