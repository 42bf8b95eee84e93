/** The key lists of objects, so that objects of one shape send their keys once. */

const maxShapes = 64
const maxKeys = 32

export class ShapeTable {
  readonly #shapes: (readonly string[])[] = []
  #latest = 0

  /** Gives the place of `keys`, or -1. */
  find(keys: readonly string[]): number {
    const shapes = this.#shapes
    const latest = shapes[this.#latest]
    if (latest !== undefined && isSame(latest, keys)) return this.#latest
    for (let place = 0; place < shapes.length; place++) {
      if (isSame(shapes[place] ?? [], keys)) return (this.#latest = place)
    }
    return -1
  }

  /** Gives `keys` the next place; false when there is none for them. */
  add(keys: readonly string[]): boolean {
    if (keys.length > maxKeys || this.#shapes.length >= maxShapes) return false
    this.#latest = this.#shapes.push(keys) - 1
    return true
  }
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false
  return true
}
