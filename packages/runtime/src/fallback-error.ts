/** What is sent of a thrown value that cannot travel as it is. */

import { textOfValue } from '@dialback/protocol'
import { dropOwnFrames } from './own-frames.ts'

/**
 * An error with what of `thrown` can travel: its message, name and stack where they can be read, the fields for which
 * `canTravel` holds, and its class if that does.
 */
export function fallbackError(thrown: unknown, canTravel: (value: unknown) => boolean): Error {
  if (!isError(thrown)) return withoutFrames(new Error(textOfThrown(thrown)))
  const error = new Error(readText(() => thrown.message) ?? 'an error that cannot be read')
  const name = readText(() => thrown.name)
  const stack = readText(() => thrown.stack)
  if (name !== undefined && name !== 'Error')
    Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true })
  if (stack !== undefined) error.stack = stack
  const { fields, prototype } = partsOf(thrown)
  for (const [key, descriptor] of fields) {
    if (canTravel(descriptor.value)) Object.defineProperty(error, key, { ...descriptor, configurable: true })
  }
  Object.setPrototypeOf(error, prototype)
  if (!canTravel(error)) Object.setPrototypeOf(error, Error.prototype)
  return error
}

/** What is no error has no stack: where this one was made is no place of the user's. */
function withoutFrames(error: Error): Error {
  error.stack = `${error.name}: ${error.message}`
  return error
}

interface Parts {
  readonly fields: readonly (readonly [key: string, descriptor: PropertyDescriptor])[]
  readonly prototype: object | null
}

/** What throws at a touch has no fields and no class that could be had. */
function partsOf(error: Error): Parts {
  try {
    const fields = Object.entries(Object.getOwnPropertyDescriptors(error)).filter(
      ([key, descriptor]) => !['message', 'name', 'stack'].includes(key) && 'value' in descriptor,
    )
    return { fields, prototype: Object.getPrototypeOf(error) as object | null }
  } catch {
    return { fields: [], prototype: Error.prototype }
  }
}

/** How a thrown value reads where it ran: an error with its stack, as far as that is the user's. */
export function textOfThrown(thrown: unknown): string {
  dropOwnFrames(thrown)
  const stack = isError(thrown) ? readText(() => thrown.stack) : undefined
  return stack ?? textOfValue(thrown)
}

/** A proxy may throw when it is asked. */
function isError(value: unknown): value is Error {
  try {
    return value instanceof Error
  } catch {
    return false
  }
}

function readText(read: () => unknown): string | undefined {
  try {
    const value = read()
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
