/** The objects of a body by their numbers, in the order in which the encoder met them. */

import { malformed } from './malformed.ts'

/** Objects that are made when they are first asked for. */
interface Rows {
  readonly start: number
  readonly end: number
  readonly make: () => object
}

export class ObjectTable {
  readonly #objects: unknown[] = []
  #resumed = -1
  #rows: Rows[] | undefined

  /** Gives an object the next number, or the one that was resumed. */
  register<T>(object: T): T {
    if (this.#resumed < 0) this.#objects.push(object)
    else {
      this.#objects[this.#resumed] = object
      this.#resumed = -1
    }
    return object
  }

  /** Gives out the number of an object that cannot be made yet. */
  reserve(): number {
    const number = this.#resumed < 0 ? this.#objects.push(undefined) - 1 : this.#resumed
    this.#resumed = -1
    return number
  }

  /** Has the object that is registered next take a number that was reserved. */
  resume(number: number): void {
    this.#resumed = number
  }

  /**
   * Gives the next numbers to rows, and out the first. A row is made when it is asked for: that may be from a column, but they
   * are not all made before the columns have proved that there are so many. `closeRows` ends it.
   */
  openRows(count: number, make: () => object): number {
    const start = this.#objects.length
    for (let i = 0; i < count; i++) this.#objects.push(undefined)
    this.#rows ??= []
    this.#rows.push({ start, end: start + count, make })
    return start
  }

  closeRows(): void {
    this.#rows?.pop()
  }

  /** @throws {ProtocolError} when there is no such object yet. */
  at(number: unknown): unknown {
    if (typeof number !== 'number') throw malformed('reference')
    return this.#objects[number] ?? this.#makeRow(number)
  }

  #makeRow(number: number): object {
    const rows = this.#rows?.find(({ start, end }) => number >= start && number < end)
    if (rows === undefined || !Number.isInteger(number)) throw malformed('reference')
    const row = rows.make()
    this.#objects[number] = row
    return row
  }
}
