/** Checks on what users pass. */

import { describe } from '@dialback/protocol'

/** @throws {TypeError} that names the first key of `options` that is not in `known`. */
export function rejectUnknownOptions(options: unknown, known: readonly string[], of: string): void {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`The options of ${of} must be an object: ${describe(options)}`)
  for (const key of Object.keys(options)) {
    if (!known.includes(key))
      throw new TypeError(`Unknown option of ${of}: '${key}' (known: ${known.join(', ')})`)
  }
}

/** One id or several as several. @throws {TypeError} that names what is no id. */
export function processIds(value: unknown, verb: string): number[] {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  return list.map((id) => {
    if (typeof id !== 'number' || !Number.isSafeInteger(id))
      throw new TypeError(`${verb} takes ids of processes: ${describe(id)}`)
    return id
  })
}

/** @throws {TypeError} when `value` is neither undefined nor passes `check`. */
export function checkOption(
  name: string,
  value: unknown,
  must: string,
  check: (value: unknown) => boolean,
): void {
  if (value !== undefined && !check(value)) throw new TypeError(`${name} must be ${must}: ${describe(value)}`)
}

/** @throws {TypeError | RangeError} that repeats what is no whole number from `least` to `most`. */
export function wholeNumber(value: unknown, name: string, least: number, most: number = Infinity): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a whole number: ${describe(value)}`)
  if (value > most) throw new RangeError(`${name} must be at most ${most}: ${value}`)
  if (!Number.isSafeInteger(value) || value < least)
    throw new RangeError(`${name} must be a whole number of at least ${least}: ${value}`)
  return value
}

/** @throws {TypeError} when `value` is neither undefined nor an object whose values are strings. */
export function checkStringRecord(name: string, value: unknown): void {
  if (value === undefined) return
  // A list or a Map has its strings elsewhere.
  if (typeof value !== 'object' || value === null || Symbol.iterator in value)
    throw new TypeError(`${name} must be an object of strings: ${describe(value)}`)
  for (const [key, entry] of Object.entries(value)) {
    if (typeof entry !== 'string') throw new TypeError(`${name}.${key} must be a string: ${describe(entry)}`)
  }
}

/**
 * @throws {TypeError | RangeError} for what cannot be variables of a process. The system takes an empty name, on which Node
 * crashes, and of a name with `=` it makes another one.
 */
export function checkEnvironment(env: Readonly<Record<string, string>> | undefined): void {
  checkStringRecord('env', env)
  for (const [name, value] of Object.entries(env ?? {})) {
    if (name === '' || name.includes('=') || name.includes('\0'))
      throw new RangeError(`env must have names without "=" that are not empty: ${describe(name)}`)
    if (value.includes('\0'))
      throw new RangeError(`env.${name} must be without the character 0: ${describe(value)}`)
  }
}
