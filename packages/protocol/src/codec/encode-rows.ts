/** Long arrays of records, objects of one shape, or of tuples, arrays of one length: column by column. */

import { batchLength, leadingScalars, writeScalars } from './encode-batch.ts'
import type { Encoder } from './encoder.ts'
import { tag } from './wire-format.ts'

const maxWidth = 32

/** The first items of an array, as far as they are alike, with what is in them, each property read once. */
export interface Rows {
  /** Of records; undefined for tuples. */
  readonly keys: readonly string[] | undefined
  readonly objects: object[]
  /** One for each key, or place of a tuple. */
  readonly columns: readonly unknown[][]
}

export const noRows: Rows = { keys: undefined, objects: [], columns: [] }

/** Gives the first items of an array, as far as they are records or tuples like the very first. */
export function leadingRows(array: readonly unknown[]): Rows {
  const example = array[0]
  if (typeof example !== 'object' || example === null) return noRows
  const keys = Array.isArray(example) ? undefined : Object.keys(example)
  const width = Array.isArray(example) ? example.length : Object.keys(example).length
  if (width === 0 || width > maxWidth) return noRows
  const columns = Array.from({ length: width }, (): unknown[] => [])
  const objects: object[] = []
  for (let i = 0; i < array.length; i++) {
    const row = array[i]
    const values = keys === undefined ? tupleValues(row, width) : recordValues(row, keys)
    if (values === undefined) break
    // There are values of objects only.
    objects.push(row as object)
    for (let place = 0; place < width; place++) columns[place]?.push(values[place])
  }
  return { keys, objects, columns }
}

function recordValues(row: unknown, keys: readonly string[]): readonly unknown[] | undefined {
  if (typeof row !== 'object' || row === null || Object.getPrototypeOf(row) !== Object.prototype)
    return undefined
  const own = Object.keys(row)
  if (own.length !== keys.length) return undefined
  for (let i = 0; i < own.length; i++) if (own[i] !== keys[i]) return undefined
  try {
    const values = Object.values(row)
    return values.length === keys.length ? values : undefined
  } catch {
    // Whoever reads it again says which property it was.
    return undefined
  }
}

function tupleValues(row: unknown, width: number): readonly unknown[] | undefined {
  if (!Array.isArray(row) || row.length !== width || Object.getPrototypeOf(row) !== Array.prototype)
    return undefined
  for (let i = 0; i < width; i++) if (!(i in row)) return undefined
  const values: unknown[] = Object.values(row)
  return values.length === width ? values : undefined
}

/** Writes rows by columns, if there are enough; gives how many of them it wrote: up to the first that was met before. */
export function writeRows(encoder: Encoder, { keys, objects, columns }: Rows, depth: number): number {
  if (objects.length < batchLength) return 0
  let count = 0
  for (const object of objects) {
    if (encoder.meet(object) >= 0) break
    count++
  }
  if (count === 0) return 0
  encoder.out.push(null, keys === undefined ? tag.tuples : tag.records, count, columns.length)
  for (const key of keys ?? []) encoder.text(key)
  for (const [place, column] of columns.entries()) {
    const values = count === column.length ? column : column.slice(0, count)
    writeColumn(encoder, values, keys?.[place] ?? place, depth)
  }
  return count
}

function writeColumn(
  encoder: Encoder,
  values: readonly unknown[],
  step: string | number,
  depth: number,
): void {
  const scalars = leadingScalars(values)
  if (scalars.length === values.length && writeScalars(encoder, scalars)) return
  encoder.out.push(null, tag.array, values.length)
  for (let i = 0; i < values.length; i++) {
    encoder.step(depth, i)
    encoder.step(depth + 1, step)
    encoder.value(values[i], depth + 2)
  }
}

/** Writes row `index` by itself. */
export function writeRow(
  encoder: Encoder,
  { keys, objects, columns }: Rows,
  index: number,
  depth: number,
): void {
  const number = encoder.meet(objects[index] ?? noRows)
  if (number >= 0) {
    encoder.out.push(null, tag.ref, number)
    return
  }
  const values = columns.map((column) => column[index])
  encoder.step(depth, index)
  if (keys !== undefined) return encoder.fields(keys, values, depth + 1)
  encoder.out.push(null, tag.array, values.length)
  for (let i = 0; i < values.length; i++) {
    encoder.step(depth + 1, i)
    encoder.value(values[i], depth + 2)
  }
}
