/** Arrays: the reverse of `encode-array.ts`, `encode-batch.ts` and `encode-rows.ts`. */

import { copyOf } from './blob-reader.ts'
import type { Decoder, Fields, Shape } from './decoder.ts'
import { malformed } from './malformed.ts'
import { setOwn } from './own-property.ts'
import { tag } from './wire-format.ts'

/** Reads items and appends them to an array, as `kind` says they are written. */
export function readItems(decoder: Decoder, array: unknown[], kind: unknown, depth: number): void {
  switch (kind) {
    case tag.array:
      return readValues(decoder, array, depth)
    case tag.numbers:
      return readNumbers(array, new Float64Array(alignedAt(decoder)))
    case tag.integers:
      return readNumbers(array, new Int32Array(alignedAt(decoder)))
    case tag.strings:
      return readStrings(decoder, array)
    case tag.sparse:
      return readSparse(decoder, array, depth)
    case tag.records:
    case tag.tuples:
      return readRows(decoder, array, kind, depth)
    default:
      throw malformed('array')
  }
}

function readValues(decoder: Decoder, array: unknown[], depth: number): void {
  for (let left = decoder.count(1); left > 0; left--) array.push(decoder.value(depth + 1))
}

function alignedAt(decoder: Decoder): ArrayBuffer {
  return copyOf(decoder.blobs.once(decoder.item()))
}

function readNumbers(array: unknown[], numbers: Float64Array | Int32Array): void {
  for (let i = 0; i < numbers.length; i++) array.push(numbers[i])
}

/** The texts hold the strings one after another; no string goes across two of them. */
function readStrings(decoder: Decoder, array: unknown[]): void {
  const lengths = new Uint32Array(alignedAt(decoder))
  let texts = decoder.count(1)
  let text = ''
  let offset = 0
  for (const length of lengths) {
    if (length > 0 && offset === text.length && texts > 0) {
      text = decoder.blobText('utf8')
      offset = 0
      texts--
    }
    if (offset + length > text.length) throw malformed('array of strings')
    array.push(text.slice(offset, offset + length))
    offset += length
  }
  if (texts > 0 || offset !== text.length) throw malformed('array of strings')
}

function readSparse(decoder: Decoder, array: unknown[], depth: number): void {
  readValues(decoder, array, depth)
  const length = decoder.item()
  if (!isIndex(length, 2 ** 32 - 1) || length < array.length) throw malformed('array')
  array.length = length
  for (let left = decoder.count(2); left > 0; left--) {
    const key = decoder.value(depth + 1)
    const value = decoder.value(depth + 1)
    if (isIndex(key, length - 1)) array[key] = value
    else if (typeof key === 'string') setOwn(array, key, value)
    else throw malformed('array')
  }
}

/** Rows of one shape, column by column, and then the items that follow them. */
function readRows(decoder: Decoder, array: unknown[], kind: unknown, depth: number): void {
  const count = decoder.rowCount()
  const shape = kind === tag.records ? decoder.shape(depth) : undefined
  const width = shape === undefined ? decoder.count(1) : shape.keys.length
  const first = decoder.objects.openRows(
    count,
    shape === undefined ? (): unknown[] => [] : (): Fields => ({}),
  )
  const columns: unknown[][] = []
  for (let place = 0; place < width; place++) columns.push(readColumn(decoder, count, depth))
  for (let i = 0; i < count; i++) {
    // Made by the function above.
    const row = decoder.objects.at(first + i) as Fields | unknown[]
    if (Array.isArray(row)) for (const column of columns) row.push(column[i])
    else if (shape !== undefined) fillRecord(row, shape, columns, i)
    array.push(row)
  }
  decoder.objects.closeRows()
  readItems(decoder, array, decoder.tag(), depth)
}

function readColumn(decoder: Decoder, count: number, depth: number): unknown[] {
  const column: unknown[] = []
  readItems(decoder, column, decoder.tag(), depth + 1)
  if (column.length !== count) throw malformed('column')
  return column
}

function fillRecord(
  record: Fields,
  { keys, isSafe }: Shape,
  columns: readonly unknown[][],
  index: number,
): void {
  for (let place = 0; place < keys.length; place++) {
    const key = keys[place] ?? ''
    const value = columns[place]?.[index]
    if (isSafe) record[key] = value
    else setOwn(record, key, value)
  }
}

function isIndex(value: unknown, max: number): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= max
}
