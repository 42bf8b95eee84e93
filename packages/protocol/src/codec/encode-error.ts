/** Errors: their class, and all their own properties, those that are not enumerable (message, stack, cause, …) apart. */

import { writeConstructor } from './encode-function.ts'
import type { Encoder } from './encoder.ts'
import { errorNames, errorPrototypes } from './error-classes.ts'
import { classOf, isNative } from './own-class.ts'
import { tag } from './wire-format.ts'

interface Properties {
  readonly keys: string[]
  readonly values: unknown[]
}

/** Writes an error that has not been met before. A class that cannot travel is replaced by its built-in base. */
export function writeError(encoder: Encoder, error: Error, depth: number): void {
  const prototype: unknown = Object.getPrototypeOf(error)
  const { hidden, shown } = propertiesOf(encoder, error, depth)
  const constructor = isBaseClass(prototype) ? undefined : classOf(prototype)
  encoder.out.push(null, tag.error, baseNameOf(prototype))
  if (constructor !== undefined && encoder.canTravel(constructor, depth)) {
    // Of an error all properties travel, so its class is not asked for more than any other value.
    writeConstructor(encoder, constructor, depth, 'value')
  } else {
    encoder.out.push(null, tag.null)
    if (!isBaseClass(prototype)) keepName(error, hidden, shown)
  }
  writeProperties(encoder, [hidden, shown], depth)
}

/** Writes a DOMException, whose name and message are not properties of its own. */
export function writeDomException(encoder: Encoder, error: DOMException, depth: number): void {
  const { hidden, shown } = propertiesOf(encoder, error, depth)
  encoder.out.push(null, tag.domException)
  encoder.text(error.message)
  encoder.text(error.name)
  writeProperties(encoder, [hidden, shown], depth)
}

/** An error that does not arrive as one of its own class still has that class's name. */
function keepName(error: Error, hidden: Properties, shown: Properties): void {
  if (hidden.keys.includes('name') || shown.keys.includes('name')) return
  hidden.keys.push('name')
  hidden.values.push(error.name)
}

function writeProperties(encoder: Encoder, parts: readonly Properties[], depth: number): void {
  for (const { keys, values } of parts) {
    if (encoder.isTooDeep(depth)) {
      encoder.out.push(null, tag.later)
      encoder.later(depth, () => encoder.fields(keys, values, 0))
    } else encoder.fields(keys, values, depth)
  }
}

function propertiesOf(
  encoder: Encoder,
  error: Error,
  depth: number,
): { hidden: Properties; shown: Properties } {
  const hidden: Properties = { keys: [], values: [] }
  const shown: Properties = { keys: [], values: [] }
  try {
    for (const key of Object.getOwnPropertyNames(error)) {
      const { keys, values } = Object.prototype.propertyIsEnumerable.call(error, key) ? shown : hidden
      keys.push(key)
      values.push(Reflect.get(error, key))
    }
  } catch (thrown) {
    throw encoder.unreadable(error, depth, thrown)
  }
  return { hidden, shown }
}

/** The name of the nearest class up the chain that every process has. */
function baseNameOf(prototype: unknown): string {
  for (let each = prototype; typeof each === 'object' && each !== null; each = Object.getPrototypeOf(each)) {
    const name = errorNames.get(each) ?? foreignName(each)
    if (name !== undefined) return name
  }
  return 'Error'
}

/** Whether instances with this prototype are of a class that every process has. */
function isBaseClass(prototype: unknown): boolean {
  return errorNames.has(prototype) || foreignName(prototype) !== undefined
}

/** The name of another realm's built-in error class, for example of the context that a REPL runs in. */
function foreignName(prototype: unknown): string | undefined {
  const constructor = classOf(prototype)
  if (constructor === undefined || !isNative(constructor)) return undefined
  return errorPrototypes.has(constructor.name) ? constructor.name : undefined
}
