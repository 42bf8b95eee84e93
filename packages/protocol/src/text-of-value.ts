/** How a value that is no error reads in a message. */

import { inspect } from 'node:util'

const maxLength = 200
const nameless = 'a value that cannot be described'

/** What `String` makes of it; of an object that would only say that it is one, what is in it, cut short. Never throws. */
export function textOfValue(value: unknown): string {
  try {
    if (typeof value !== 'object' || value === null || hasOwnText(value)) return String(value)
    // A getter, and an object's own way to show itself, might run any code.
    const options = { depth: 1, breakLength: Infinity, maxArrayLength: 10, maxStringLength: maxLength }
    const text = inspect(value, { ...options, customInspect: false })
    return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text
  } catch {
    return nameless
  }
}

/** An array has, but what it makes of the objects in it says nothing. */
function hasOwnText(value: object): boolean {
  if (Array.isArray(value)) return false
  const toText: unknown = Reflect.get(value, 'toString')
  return typeof toText === 'function' && toText !== Object.prototype.toString
}
