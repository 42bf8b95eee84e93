/** The walk from a value to wire items. Plain objects are done here, every other kind of object by a file of its own. */

import type { EncodedBody } from '../body.ts'
import { SerializationError } from '../errors.ts'
import { BlobWriter } from './blob-writer.ts'
import { writeArray } from './encode-array.ts'
import { writeFunction } from './encode-function.ts'
import { writeObject } from './encode-object.ts'
import type { CodecHooks } from './hooks.ts'
import { packBody } from './msgpack.ts'
import { ObjectNumbers } from './object-numbers.ts'
import { pathText, type Root, type Start, type Step } from './path.ts'
import { isPlainText, writeBigint, writeBytesText } from './scalars.ts'
import { ShapeTable } from './shape-table.ts'
import { throwingGetter } from './throwing-getter.ts'
import { maxDepth, maxWholeDepth, tag, type WireItem } from './wire-format.ts'

/** Contents that are written after the rest: where they were found, and what writes them. */
interface LateContents {
  readonly start: Start
  readonly write: () => void
}

/** Encodes one value. The kinds' files call back here for what is inside of theirs. */
export class Encoder {
  readonly out: WireItem[] = []
  readonly hooks: CodecHooks
  /** Classes that are being tried for whether they can travel. */
  readonly #trying: Set<object> | undefined
  #start: Start
  /** `#trail[d]` leads from the object at depth `d` to what is being walked in it. */
  readonly #trail: Step[] = []
  readonly #numbers = new ObjectNumbers()
  readonly #shapes = new ShapeTable()
  #late: LateContents[] | undefined
  #wholeLevel = 0
  #isInHook = false
  #blobs: BlobWriter | undefined

  constructor(hooks: CodecHooks, root: Root, trying?: Set<object>) {
    this.hooks = hooks
    this.#start = root
    this.#trying = trying
  }

  /** Whether what was thrown last came out of a hook. */
  get isInHook(): boolean {
    return this.#isInHook
  }

  get blobs(): BlobWriter {
    return (this.#blobs ??= new BlobWriter(this.out))
  }

  encode(value: unknown): EncodedBody {
    this.value(value, 0)
    if (this.#late !== undefined) this.#writeLate()
    return packBody(this.out, this.#blobs?.finish())
  }

  /** Writes a value; `depth` is the number of steps that lead to it. */
  value(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'number':
        if (value === 0 && Object.is(value, -0)) this.out.push(null, tag.negativeZero)
        else this.out.push(value)
        return
      case 'string':
        return this.text(value)
      case 'boolean':
        this.out.push(value)
        return
      case 'undefined':
        this.out.push(null, tag.undefined)
        return
      case 'object':
        if (value === null) this.out.push(null, tag.null)
        else this.#object(value, depth)
        return
      case 'function':
        return writeFunction(this, value, depth)
      case 'bigint':
        return writeBigint(this.out, value)
      case 'symbol':
        throw this.refusal(depth, 'symbol')
    }
  }

  text(text: string): void {
    if (isPlainText(text)) this.out.push(text)
    else writeBytesText(this.out, text, this.blobs)
  }

  /** Gives the number of `object` if it was met before, else -1; then it has one from now on. */
  meet(object: object): number {
    return this.#numbers.meet(object)
  }

  /** Writes a plain object. */
  plain(object: object, depth: number): void {
    if (!this.isTooDeep(depth)) return this.#ownFields(object, depth)
    this.out.push(null, tag.later, tag.object)
    this.fieldsLater(object, depth)
  }

  /** Writes the own enumerable properties of an object, as fields. */
  fieldsOf(object: object, depth: number): void {
    if (!this.isTooDeep(depth)) return this.#ownFields(object, depth)
    this.out.push(null, tag.later)
    this.fieldsLater(object, depth)
  }

  /** Has the own enumerable properties of an object written after the rest. */
  fieldsLater(object: object, depth: number): void {
    this.later(depth, () => this.#ownFields(object, 0))
  }

  /** Writes an object form of `keys` and `values`; `steps` are what paths call the keys. */
  fields(
    keys: readonly string[],
    values: readonly unknown[],
    depth: number,
    steps: readonly Step[] = keys,
  ): void {
    const count = keys.length
    const shape = this.#shapes.find(keys)
    if (shape >= 0) this.out.push(null, tag.firstShape + shape)
    else {
      this.out.push(null, this.#shapes.add(keys) ? tag.define : tag.object, count)
      for (const key of keys) this.text(key)
    }
    for (let i = 0; i < count; i++) {
      this.#trail[depth] = steps[i] ?? ''
      this.value(values[i], depth + 1)
    }
  }

  /** Says what leads on from the object at `depth`. */
  step(depth: number, step: Step): void {
    this.#trail[depth] = step
  }

  path(depth: number): string {
    return pathText(this.#start, this.#trail.slice(0, depth))
  }

  /** The error of what cannot travel, at the end of `depth` steps. */
  refusal(depth: number, what: string, cause?: unknown): SerializationError {
    return new SerializationError(this.path(depth), what, cause === undefined ? undefined : { cause })
  }

  /** The error of an object that threw when it was read: at the getter, if it was one. */
  unreadable(object: object, depth: number, error: unknown): SerializationError {
    const key = throwingGetter(object)
    if (key === undefined) return this.refusal(depth, 'object that cannot be read', error)
    this.step(depth, key)
    return this.refusal(depth + 1, 'getter that throws', error)
  }

  /** Whether contents at `depth` must be put off. */
  isTooDeep(depth: number): boolean {
    if (depth < maxDepth) return false
    if (this.#wholeLevel === 0) return true
    if (depth >= maxWholeDepth) throw this.refusal(depth, 'data nested too deeply')
    return false
  }

  /** Has contents written after the rest. */
  later(depth: number, write: () => void): void {
    this.#late ??= []
    this.#late.push({ start: { start: this.#start, steps: this.#trail.slice(0, depth) }, write })
  }

  /** Writes a value no part of which is put off for its depth, because the other side needs it at once. */
  whole(value: unknown, depth: number): void {
    this.#wholeLevel++
    this.value(value, depth)
    this.#wholeLevel--
  }

  /** What a hook throws is not a fault of the value: see `isInHook`. */
  callHook<T>(call: () => T): T {
    this.#isInHook = true
    const result = call()
    this.#isInHook = false
    return result
  }

  /** Whether a class, found at `depth`, can travel with all that it captured. */
  canTravel(constructor: object, depth: number): boolean {
    // An instance in what its own class captured: that the class can travel is what is being found out.
    const trying = this.#trying ?? new Set()
    if (trying.has(constructor)) return true
    trying.add(constructor)
    const trial = new Encoder(this.hooks, this.path(depth), trying)
    try {
      trial.value(constructor, 0)
      trial.#writeLate()
      return true
    } catch (error) {
      if (error instanceof SerializationError) return false
      this.#isInHook = trial.#isInHook
      throw error
    } finally {
      trying.delete(constructor)
    }
  }

  #writeLate(): void {
    // Each may put off more, which the loop then reaches.
    for (const { start, write } of this.#late ?? []) {
      this.#start = start
      write()
    }
  }

  #object(value: object, depth: number): void {
    const number = this.#numbers.meet(value)
    if (number >= 0) {
      this.out.push(null, tag.ref, number)
      return
    }
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) this.plain(value, depth)
    else if (prototype === Array.prototype && Array.isArray(value)) writeArray(this, value, depth)
    else writeObject(this, value, depth)
  }

  #ownFields(object: object, depth: number): void {
    let keys: string[]
    let values: unknown[]
    try {
      keys = Object.keys(object)
      // Reads every property once, in the order of the keys, and far faster than a loop over them.
      values = Object.values(object)
    } catch (error) {
      throw this.unreadable(object, depth, error)
    }
    // A getter took properties away while they were read.
    if (keys.length !== values.length) throw this.refusal(depth, 'object that changes when it is read')
    this.fields(keys, values, depth)
  }
}
