/** Sets an own property whatever the object inherits: no setter is called, `__proto__` is a key like any other. */
export function setOwn(object: object, key: string, value: unknown, isEnumerable: boolean = true): void {
  // Any object takes any key; its type does not say so.
  if (isEnumerable && !(key in object)) (object as Record<string, unknown>)[key] = value
  else {
    Object.defineProperty(object, key, {
      value,
      enumerable: isEnumerable,
      writable: true,
      configurable: true,
    })
  }
}
