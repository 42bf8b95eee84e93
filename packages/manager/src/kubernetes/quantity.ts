/** Pure: Kubernetes quantities, as in `'300Mi'`, `0.2`, `'200m'`: checked before anything is asked for. */

import { describe } from '@dialback/protocol'

/** A number is a count of whole units (bytes, cores); a string may carry a suffix. */
export type Quantity = number | string

/** Powers of ten, and of two, that each suffix stands for. Source: apimachinery, api/resource/quantity.go. */
const suffixes: Readonly<Record<string, readonly [ten: number, two: number]>> = {
  n: [-9, 0],
  u: [-6, 0],
  m: [-3, 0],
  '': [0, 0],
  k: [3, 0],
  M: [6, 0],
  G: [9, 0],
  T: [12, 0],
  P: [15, 0],
  E: [18, 0],
  Ki: [0, 10],
  Mi: [0, 20],
  Gi: [0, 30],
  Ti: [0, 40],
  Pi: [0, 50],
  Ei: [0, 60],
}

/** Kubernetes keeps no more than an int64; anything above is a slip. */
const largest = 2 ** 63

/**
 * Gives a quantity as the text that a manifest carries: `0.2` → `'0.2'`, `'300Mi'` as it is.
 *
 * @param name of the option, for the message.
 * @throws {TypeError} when `value` is neither a number nor the text of a quantity.
 * @throws {RangeError} when it is not positive, not finite, or above 2^63 units.
 */
export function quantityText(value: unknown, name: string): string {
  if (typeof value !== 'number' && typeof value !== 'string') throw notAQuantity(value, name)
  const units = typeof value === 'number' ? value : parse(value)
  if (units === undefined) throw notAQuantity(value, name)
  if (!(units > 0 && units < largest))
    throw new RangeError(`${name} must be more than 0 and less than 8Ei: ${describe(value)}`)
  // An exponent of JavaScript's (`1e-7`, `1e+21`) is one of Kubernetes' too.
  return String(value)
}

/**
 * Gives a size of a container's memory as `quantityText` does.
 *
 * @throws {RangeError} for less than 1 MiB, in which nothing starts: most often a number of which the unit is missing.
 */
export function memoryText(value: unknown, name: string): string {
  const text = quantityText(value, name)
  if (quantityValue(text) < 2 ** 20)
    throw new RangeError(`${name} must be at least 1Mi; a number without a unit is bytes: ${describe(value)}`)
  return text
}

/**
 * Gives a quantity in whole units (bytes, cores), exact up to 2^53.
 *
 * @throws {TypeError} when it is not the text of a quantity.
 */
export function quantityValue(quantity: Quantity): number {
  const units = typeof quantity === 'number' ? quantity : parse(quantity)
  if (units === undefined) throw notAQuantity(quantity, 'A quantity')
  return units
}

/**
 * Gives a size that the API server tells as people write it: of `'0.3Gi'` it makes `322122547200m`, thousandths of a byte, which
 * is `307.2Mi`. One that has a unit stays as it is.
 */
export function sizeText(quantity: string): string {
  if (!/^\d+m?$/.test(quantity)) return quantity
  return `${Math.round((quantityValue(quantity) / 2 ** 20) * 10) / 10}Mi`
}

function parse(text: string): number | undefined {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(text)
  if (match === null) return undefined
  const [, digits, exponent, suffix = ''] = match
  if (exponent !== undefined) return Number(`${digits}e${exponent}`)
  const powers = suffixes[suffix]
  return powers && Number(`${digits}e${powers[0]}`) * 2 ** powers[1]
}

function notAQuantity(value: unknown, name: string): TypeError {
  return new TypeError(
    `${name} must be a Kubernetes quantity (0.2, '200m', '300Mi', '1Gi'): ${describe(value)}`,
  )
}
