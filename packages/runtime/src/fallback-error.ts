/** What is sent of a thrown value that cannot travel as it is. */

/** An error with the text of `thrown`: its message, name and stack where they can be read. */
export function fallbackError(thrown: unknown): Error {
  if (!isError(thrown)) return new Error(textOfThrown(thrown))
  const error = new Error(readText(() => thrown.message) ?? 'an error that cannot be read')
  const name = readText(() => thrown.name)
  const stack = readText(() => thrown.stack)
  if (name !== undefined && name !== 'Error')
    Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true })
  if (stack !== undefined) error.stack = stack
  const code = readText(() => Reflect.get(thrown, 'code'))
  if (code !== undefined) Object.assign(error, { code })
  return error
}

/** How a thrown value reads where it ran: an error with its stack. */
export function textOfThrown(thrown: unknown): string {
  const stack = isError(thrown) ? readText(() => thrown.stack) : undefined
  return stack ?? readText(() => String(thrown)) ?? 'a value that cannot be described'
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
