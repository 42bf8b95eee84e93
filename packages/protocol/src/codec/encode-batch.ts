/** Long arrays of numbers only or strings only: their bytes, rather than item by item. */

import type { Encoder } from './encoder.ts'
import { tag } from './wire-format.ts'

/** How long an array must be for a batch to be worth its fixed costs. */
export const batchLength = 32

/** Received strings share the memory of their text, so texts are short: one kept string must not hold on to all. */
const textLength = 4 * 1024

export const noScalars: readonly unknown[] = []

/** Gives the first items of an array, as far as they are numbers only, or strings only. */
export function leadingScalars(array: readonly unknown[]): readonly unknown[] {
  const type = typeof array[0]
  if (type !== 'number' && type !== 'string') return noScalars
  const scalars: unknown[] = []
  for (let i = 0; i < array.length; i++) {
    const item = array[i]
    if (typeof item !== type) break
    scalars.push(item)
  }
  return scalars
}

/** Writes an array of numbers only or strings only; false when it must be written item by item. */
export function writeScalars(encoder: Encoder, scalars: readonly unknown[]): boolean {
  if (typeof scalars[0] === 'string') return writeStrings(encoder, scalars)
  writeNumbers(encoder, scalars)
  return true
}

function writeNumbers(encoder: Encoder, scalars: readonly unknown[]): void {
  const numbers = new Float64Array(scalars.length)
  let isIntegers = true
  for (let i = 0; i < scalars.length; i++) {
    const number = Number(scalars[i])
    numbers[i] = number
    isIntegers &&= (number | 0) === number && !Object.is(number, -0)
  }
  const { buffer } = isIntegers ? new Int32Array(numbers) : numbers
  encoder.out.push(null, isIntegers ? tag.integers : tag.numbers, encoder.blobs.add(new Uint8Array(buffer)))
}

/** msgpackr writes short strings character by character: a text of many is several times as fast, both ways. */
function writeStrings(encoder: Encoder, scalars: readonly unknown[]): boolean {
  const lengths = new Uint32Array(scalars.length)
  const texts: string[] = []
  let start = 0
  let length = 0
  for (let i = 0; i < scalars.length; i++) {
    const scalar = String(scalars[i])
    lengths[i] = scalar.length
    length += scalar.length
    if (length < textLength && i < scalars.length - 1) continue
    const text = scalars.slice(start, i + 1).join('')
    if (!text.isWellFormed()) return false
    if (text !== '') texts.push(text)
    start = i + 1
    length = 0
  }
  encoder.out.push(null, tag.strings, encoder.blobs.add(new Uint8Array(lengths.buffer)), texts.length)
  for (const each of texts) encoder.out.push(encoder.blobs.add(Buffer.from(each, 'utf8')))
  return true
}
