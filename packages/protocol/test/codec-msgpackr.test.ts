import { deepStrictEqual as assertCloned } from 'node:assert/strict'
import { addExtension, Packr, pack, unpack } from 'msgpackr'
import { expect, test } from 'vitest'
import { Codec } from '../src/codec/codec.ts'
import { noHooks } from '../src/codec/hooks.ts'
import { thrownBy, travel } from './codec-travel.ts'

const codec = new Codec(noHooks)

class Celsius {
  readonly degrees: number
  constructor(degrees: number) {
    this.degrees = degrees
  }
}

// As a user's program would, for its own use: these are for the whole process.
addExtension({
  Class: Celsius,
  type: 1,
  write: (celsius: Celsius) => celsius.degrees,
  read: (degrees) => new Celsius(Number(degrees)),
})
addExtension({ Class: Date, type: 2, write: () => 'a date', read: () => 'not a date' })
addExtension({ Class: Uint8Array, type: 3, pack: () => Buffer.of(1), unpack: () => 'not bytes' })
addExtension({ Class: Map, type: 4, write: () => 'a map', read: () => 'not a map' })

test('extensions that a program registers with msgpackr do not touch the codec', () => {
  const value = [
    new Date(5),
    new Uint8Array([1, 2]),
    new Map([[1, undefined]]),
    undefined,
    new Error('e'),
    { a: new Set([1]) },
  ]

  assertCloned(travel(value), structuredClone(value))
  expect(thrownBy(() => codec.encode(new Celsius(20), 'value'))).toHaveProperty(
    'message',
    'Cannot send value: Celsius',
  )
})

test('the codec does not touch what a program does with msgpackr', () => {
  const packr = new Packr({ structuredClone: true })
  const value = { temperature: new Celsius(20), list: [1, 2, 3], text: 'x'.repeat(100) }
  const before = [pack(value), packr.pack(value)]
  const copies = before.map((bytes) => Buffer.from(bytes))

  for (let i = 0; i < 200; i++)
    codec.decode(codec.encode({ i, big: 'y'.repeat(100_000), list: [i] }, 'value'))

  expect(before).toEqual(copies)
  expect(unpack(pack(value))).toEqual(value)
  expect(packr.unpack(packr.pack(value))).toEqual(value)
})

test('a body is not touched by what a program packs later, even into a buffer of its own', () => {
  const packr = new Packr()
  const own = Buffer.alloc(8192)
  packr.useBuffer(own)

  const body = codec.encode({ text: 'kept' }, 'value')
  own.fill(0)
  packr.useBuffer(own)
  packr.pack({ other: 'x'.repeat(1000) })

  expect(codec.decode(body)).toEqual({ text: 'kept' })
})

test('the codec may be used while a program packs and unpacks', () => {
  class Nested {}
  addExtension({
    Class: Nested,
    type: 5,
    pack: () => Buffer.from(codec.encode({ nested: [1, 2] }, 'value').head),
    unpack: (bytes) => codec.decode({ head: Uint8Array.from(bytes), buffers: [] }),
  })

  expect(unpack(pack(['before', new Nested(), 'after']))).toEqual(['before', { nested: [1, 2] }, 'after'])
})

test('a large body does not leave a large buffer behind in msgpackr', async () => {
  codec.encode(
    Array.from({ length: 100_000 }, (_, i) => [`${i}`.repeat(i % 9), i, { i }]),
    'value',
  )
  await Promise.resolve()

  const small: unknown = Reflect.get(pack({ a: 1 }).buffer, 'byteLength')

  expect(small).toBeLessThanOrEqual(8192)
})
