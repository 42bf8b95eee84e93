/** The kinds of values that are not plain: for each tag, what reads the value. */

import { readItems } from './decode-array.ts'
import { readDomException, readError } from './decode-error.ts'
import { readFunction, readHandle, readInstance, readSubclass } from './decode-instance.ts'
import type { Decoder, Fields } from './decoder.ts'
import { malformed } from './malformed.ts'
import { makeView } from './view-kinds.ts'
import { tag } from './wire-format.ts'

/** Reads a value whose tag has been read. */
type Reader = (decoder: Decoder, depth: number) => unknown

/** By tag. */
export const readers: Readonly<Record<number, Reader>> = {
  [tag.null]: () => null,
  [tag.undefined]: () => undefined,
  [tag.negativeZero]: () => -0,
  [tag.ref]: (decoder) => decoder.objects.at(decoder.item()),
  [tag.later]: readLater,
  [tag.bigint]: readBigint,
  [tag.text]: (decoder) => decoder.blobText('utf16le'),
  [tag.longText]: (decoder) => decoder.blobText('utf8'),
  [tag.numbers]: (decoder, depth) => readArray(decoder, tag.numbers, depth),
  [tag.integers]: (decoder, depth) => readArray(decoder, tag.integers, depth),
  [tag.strings]: (decoder, depth) => readArray(decoder, tag.strings, depth),
  [tag.sparse]: (decoder, depth) => readArray(decoder, tag.sparse, depth),
  [tag.records]: (decoder, depth) => readArray(decoder, tag.records, depth),
  [tag.tuples]: (decoder, depth) => readArray(decoder, tag.tuples, depth),
  [tag.map]: (decoder, depth) => {
    const map = decoder.objects.register(new Map<unknown, unknown>())
    fillMap(decoder, map, depth)
    return map
  },
  [tag.set]: (decoder, depth) => {
    const set = decoder.objects.register(new Set<unknown>())
    fillSet(decoder, set, depth)
    return set
  },
  [tag.date]: readDate,
  [tag.regexp]: (decoder, depth) => {
    const source = decoder.text(depth)
    return decoder.objects.register(new RegExp(source, decoder.text(depth)))
  },
  [tag.boxed]: readBoxed,
  [tag.error]: readError,
  [tag.domException]: readDomException,
  [tag.url]: (decoder, depth) => decoder.objects.register(new URL(decoder.text(depth))),
  [tag.searchParams]: (decoder, depth) => decoder.objects.register(new URLSearchParams(decoder.text(depth))),
  [tag.arrayBuffer]: (decoder) => decoder.objects.register(decoder.blobs.shared(decoder.item())),
  [tag.view]: readView,
  [tag.function]: readFunction,
  [tag.instance]: readInstance,
  [tag.subclass]: readSubclass,
  [tag.handle]: readHandle,
}

function readBigint(decoder: Decoder, depth: number): bigint {
  const digits = decoder.text(depth)
  if (!/^-?[0-9a-f]+$/.test(digits)) throw malformed('bigint')
  return digits.startsWith('-') ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`)
}

function readArray(decoder: Decoder, kind: number, depth: number): unknown[] {
  const array: unknown[] = decoder.objects.register([])
  readItems(decoder, array, kind, depth)
  return array
}

function fillMap(decoder: Decoder, map: Map<unknown, unknown>, depth: number): void {
  for (let left = decoder.count(2); left > 0; left--) {
    const key = decoder.value(depth + 1)
    map.set(key, decoder.value(depth + 1))
  }
}

function fillSet(decoder: Decoder, set: Set<unknown>, depth: number): void {
  for (let left = decoder.count(1); left > 0; left--) set.add(decoder.value(depth + 1))
}

/** Reads an object of a kind that may be nested without end, the contents of which come later. */
function readLater(decoder: Decoder): object {
  switch (decoder.item()) {
    case tag.array: {
      const array: unknown[] = decoder.objects.register([])
      decoder.later(() => readItems(decoder, array, decoder.tag(), 0))
      return array
    }
    case tag.object: {
      const object: Fields = decoder.objects.register({})
      decoder.lateObject(object)
      return object
    }
    case tag.map: {
      const map = decoder.objects.register(new Map<unknown, unknown>())
      decoder.later(() => {
        expect(decoder.tag(), tag.map)
        fillMap(decoder, map, 0)
      })
      return map
    }
    case tag.set: {
      const set = decoder.objects.register(new Set<unknown>())
      decoder.later(() => {
        expect(decoder.tag(), tag.set)
        fillSet(decoder, set, 0)
      })
      return set
    }
    default:
      throw malformed('tag')
  }
}

function expect(received: unknown, expected: number): void {
  if (received !== expected) throw malformed('tag')
}

function readDate(decoder: Decoder): Date {
  const time = decoder.item()
  if (typeof time !== 'number') throw malformed('date')
  return decoder.objects.register(new Date(time))
}

function readBoxed(decoder: Decoder, depth: number): object {
  const primitive = decoder.value(depth + 1)
  if (primitive === null || primitive === undefined || typeof primitive === 'object')
    throw malformed('boxed value')
  return decoder.objects.register(Object(primitive) as object)
}

function readView(decoder: Decoder, depth: number): ArrayBufferView {
  const make = makeView.get(decoder.text(depth))
  const buffer = decoder.blobs.shared(decoder.item())
  const byteOffset = decoder.item()
  const length = decoder.item()
  if (make === undefined || !isSize(byteOffset) || !isSize(length)) throw malformed('view')
  return decoder.objects.register(make(buffer, byteOffset, length))
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
