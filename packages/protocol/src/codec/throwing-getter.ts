/** Finds the first own enumerable property of an object whose getter throws. */
export function throwingGetter(object: object): string | undefined {
  try {
    for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
      if (property.enumerable !== true || property.get === undefined) continue
      try {
        property.get.call(object)
      } catch {
        return key
      }
    }
  } catch {
    // A Proxy whose traps throw has no getter to name.
  }
  return undefined
}
