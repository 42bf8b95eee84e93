/** Numbers objects in the order in which they are met. */

const listed = 8

export class ObjectNumbers {
  // Most values have few objects, and looking through a short list is faster than hashing.
  readonly #list: object[] = []
  #set: Set<object> | undefined
  #map: Map<object, number> | undefined

  /** Gives the number of `object` if it was met before, else -1; then it has one from now on. */
  meet(object: object): number {
    const map = this.#map
    if (map !== undefined) {
      const number = map.get(object)
      if (number === undefined) map.set(object, map.size)
      return number ?? -1
    }
    return this.#set === undefined ? this.#meetInList(object) : this.#meetInSet(object, this.#set)
  }

  #meetInList(object: object): number {
    const list = this.#list
    const count = list.length
    for (let i = 0; i < count; i++) if (list[i] === object) return i
    if (count < listed) list.push(object)
    else this.#set = new Set([...list, object])
    return -1
  }

  /** As long as no object is met twice a set will do, which hashes each once where a map would twice. */
  #meetInSet(object: object, set: Set<object>): number {
    const count = set.size
    set.add(object)
    if (set.size > count) return -1
    this.#map = new Map(Array.from(set, (each, number) => [each, number]))
    return this.#map.get(object) ?? -1
  }
}
