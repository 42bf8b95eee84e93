/** Arrays: item by item, or by their keys where they have holes or named properties. Long uniform ones are left to batches. */

import { inspect } from 'node:util'
import { batchLength, leadingScalars, noScalars, writeScalars } from './encode-batch.ts'
import { leadingRows, noRows, type Rows, writeRow, writeRows } from './encode-rows.ts'
import type { Encoder } from './encoder.ts'
import { tag } from './wire-format.ts'

const listedLength = 64

/** Writes an array that has not been met before. */
export function writeArray(encoder: Encoder, array: readonly unknown[], depth: number): void {
  if (!encoder.isTooDeep(depth)) return writeItems(encoder, array, depth)
  encoder.out.push(null, tag.later, tag.array)
  encoder.later(depth, () => writeItems(encoder, array, 0))
}

/** What has been read of an array before its items are written one by one. */
interface Beginning {
  /** How many items have been written. */
  readonly written: number
  readonly scalars: readonly unknown[]
  readonly rows: Rows
}

const nothing: Beginning = { written: 0, scalars: noScalars, rows: noRows }

function writeItems(encoder: Encoder, array: readonly unknown[], depth: number): void {
  if (array.length < batchLength) return writeOneByOne(encoder, array, nothing, depth)
  const scalars = leadingScalars(array)
  const isUniform = scalars.length === array.length && !hasNamedProperties(array)
  if (isUniform && writeScalars(encoder, scalars)) return
  const rows = scalars.length === 0 && !encoder.isTooDeep(depth + 1) ? leadingRows(array) : noRows
  const written = writeRows(encoder, rows, depth)
  writeOneByOne(encoder, array, { written, scalars, rows }, depth)
}

function writeOneByOne(
  encoder: Encoder,
  array: readonly unknown[],
  beginning: Beginning,
  depth: number,
): void {
  const { out } = encoder
  const { written, scalars, rows } = beginning
  const length = array.length
  const start = out.push(null, tag.array, length - written)
  for (let i = written; i < length; i++) {
    if (i < rows.objects.length) {
      writeRow(encoder, rows, i, depth)
      continue
    }
    const item = i < scalars.length ? scalars[i] : itemOf(encoder, array, i, depth)
    if (item === undefined && !(i in array)) {
      out[start - 2] = tag.sparse
      out[start - 1] = i - written
      return writeProperties(encoder, array, i, depth)
    }
    encoder.step(depth, i)
    encoder.value(item, depth + 1)
  }
  if (!hasNamedProperties(array)) return
  out[start - 2] = tag.sparse
  writeProperties(encoder, array, length, depth)
}

function itemOf(encoder: Encoder, array: readonly unknown[], index: number, depth: number): unknown {
  try {
    return array[index]
  } catch (error) {
    encoder.step(depth, index)
    throw encoder.refusal(depth + 1, 'getter that throws', error)
  }
}

/** Whether an array without holes has properties besides its items. */
function hasNamedProperties(array: readonly unknown[]): boolean {
  const length = array.length
  if (length > listedLength && inspect(array, countOnly) === `[ ... ${length} more items ]`) return false
  return Object.values(array).length !== length
}

/**
 * With these options `inspect` says how many items there are, and shows the named properties if there are any, without
 * looking at the items: nothing else in Node does, and to list the keys of a long array costs more than to send it.
 */
const countOnly = {
  breakLength: Number.POSITIVE_INFINITY,
  colors: false,
  compact: 3,
  customInspect: false,
  depth: 0,
  getters: false,
  maxArrayLength: 0,
  numericSeparator: false,
  showHidden: false,
  showProxy: false,
} as const

/** Writes what an array has besides its first `done` items, by its keys: its length alone may be any. */
function writeProperties(encoder: Encoder, array: readonly unknown[], done: number, depth: number): void {
  const keys = Object.keys(array).slice(done)
  encoder.out.push(array.length, keys.length)
  for (const key of keys) {
    const step = stepOf(key)
    encoder.step(depth, step)
    if (typeof step === 'number') encoder.out.push(step)
    else encoder.text(step)
    encoder.value(propertyOf(encoder, array, key, depth), depth + 1)
  }
}

/** The index that a key is, else the key. */
function stepOf(key: string): number | string {
  const index = Number(key) >>> 0
  return String(index) === key && index < 2 ** 32 - 1 ? index : key
}

function propertyOf(encoder: Encoder, array: readonly unknown[], key: string, depth: number): unknown {
  try {
    return Reflect.get(array, key)
  } catch (error) {
    throw encoder.refusal(depth + 1, 'getter that throws', error)
  }
}
