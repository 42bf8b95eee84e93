/** The walk from wire items to a value: the reverse of `encoder.ts`, over input that may be anything. */

import type { BlobReader } from './blob-reader.ts'
import { readers } from './decode-kinds.ts'
import { FunctionFiller } from './function-filler.ts'
import type { CodecHooks, RevivedFunction } from './hooks.ts'
import { malformed } from './malformed.ts'
import { ObjectTable } from './object-table.ts'
import { setOwn } from './own-property.ts'
import { maxWholeDepth, tag } from './wire-format.ts'

const shortLength = 64
const manyKeys = 128

export type Fields = Record<string, unknown>

/** The keys of objects of one shape; `isSafe`: to assign to them cannot reach Object.prototype. */
export interface Shape {
  readonly keys: readonly string[]
  readonly isSafe: boolean
}

/** A body taken apart. */
export interface DecoderInput {
  readonly items: readonly unknown[]
  readonly blobs: BlobReader
  readonly bodyBytes: number
}

/** Decodes one body. The kinds' files call back here for what is inside of theirs. */
export class Decoder {
  readonly blobs: BlobReader
  readonly objects: ObjectTable = new ObjectTable()
  readonly #hooks: CodecHooks
  readonly #items: readonly unknown[]
  readonly #bodyBytes: number
  #next = 0
  readonly #shapes: Shape[] = []
  #late: (() => void)[] | undefined
  #functions: FunctionFiller | undefined
  #isInHook = false

  constructor(hooks: CodecHooks, { items, blobs, bodyBytes }: DecoderInput) {
    this.#hooks = hooks
    this.#items = items
    this.blobs = blobs
    this.#bodyBytes = bodyBytes
  }

  /** Whether what was thrown last came out of a hook. */
  get isInHook(): boolean {
    return this.#isInHook
  }

  decode(): unknown {
    const value = this.value(0)
    // Each may announce more, which the loop then reaches.
    if (this.#late !== undefined) for (const read of this.#late) read()
    if (this.#next !== this.#items.length) throw malformed('end')
    if (this.#functions !== undefined) this.#fill(this.#functions)
    return value
  }

  /** Reads a value. */
  value(depth: number): unknown {
    const item = this.#items[this.#next++]
    if (item === null) return this.#tagged(depth)
    // msgpack has more types than the encoder uses.
    if (typeof item === 'object' || item === undefined) throw malformed('value')
    return item
  }

  /** Reads a value that must be a string. */
  text(depth: number): string {
    const text = this.value(depth)
    if (typeof text !== 'string') throw malformed('text')
    return text
  }

  /** Reads one item. */
  item(): unknown {
    return this.#items[this.#next++]
  }

  /** Reads the tag that an object form, or the contents of an object, begins with. */
  tag(): unknown {
    if (this.item() !== null) throw malformed('tag')
    return this.item()
  }

  /** Reads the number of things that follow, each of which takes at least `size` items. */
  count(size: number): number {
    const count = this.#items[this.#next++]
    if (typeof count !== 'number' || !(count >= 0 && count * size <= this.#items.length - this.#next)) {
      throw malformed('count')
    }
    return count
  }

  /** Reads a number of rows, whose values may be in blobs: each row takes a byte at least. */
  rowCount(): number {
    const count = this.item()
    if (typeof count !== 'number' || !(count >= 0 && count <= this.#bodyBytes)) throw malformed('count')
    return count
  }

  /** Reads a blob that is text. */
  blobText(encoding: 'utf8' | 'utf16le'): string {
    const { buffer, byteOffset, byteLength } = this.blobs.once(this.item())
    return Buffer.from(buffer, byteOffset, byteLength).toString(encoding)
  }

  /** Reads keys. */
  shape(depth: number): Shape {
    const keys: string[] = []
    for (let left = this.count(2); left > 0; left--) keys.push(this.text(depth))
    return { keys, isSafe: !keys.some((key) => key in Object.prototype) }
  }

  /** Announces contents that come after the rest. */
  later(read: () => void): void {
    this.#late ??= []
    this.#late.push(read)
  }

  /** Has `use` called with fields: now, or when they come. */
  fields(depth: number, use: (fields: Fields) => void): void {
    const kind = this.tag()
    if (kind === tag.later) this.later(() => use(this.#readForm({}, this.tag(), 0)))
    else use(this.#readForm({}, kind, depth))
  }

  /** Reads the contents of a plain object, which come after the rest. */
  lateObject(object: Fields): void {
    this.later(() => this.#readForm(object, this.tag(), 0))
  }

  /** Makes the function of a shell; `capture` then gives it what it captured. */
  revive(shell: Fields): RevivedFunction {
    return this.callHook(() => this.#hooks.reviveFunction(shell))
  }

  capture(revived: RevivedFunction, captured: Fields): void {
    this.#functions ??= new FunctionFiller()
    this.#functions.add(revived, captured)
  }

  handle(name: string, data: unknown): unknown {
    return this.callHook(() => this.#hooks.reviveHandle(name, data))
  }

  /** What a hook throws is not a fault of the body: see `isInHook`. */
  callHook<T>(call: () => T): T {
    this.#isInHook = true
    const result = call()
    this.#isInHook = false
    return result
  }

  #fill(functions: FunctionFiller): void {
    this.callHook(() => functions.fillAll())
  }

  #tagged(depth: number): unknown {
    if (depth > maxWholeDepth) throw malformed('nesting')
    const kind = this.#items[this.#next++]
    if (kind === tag.array) return this.#array(depth)
    if (typeof kind !== 'number') throw malformed('tag')
    if (kind >= tag.firstShape || kind === tag.define || kind === tag.object) {
      return this.#object(kind, depth)
    }
    const read = readers[kind]
    if (read === undefined) throw malformed('tag')
    return read(this, depth)
  }

  #array(depth: number): unknown[] {
    const count = this.count(1)
    // `push` makes room for many more than a short array has; a long one is not made room for before its items are there.
    // oxlint-disable-next-line unicorn/no-new-array -- it is a length
    const array = this.objects.register(count <= shortLength ? new Array<unknown>(count) : [])
    for (let i = 0; i < count; i++) array[i] = this.value(depth + 1)
    return array
  }

  #object(kind: unknown, depth: number): Fields {
    const isLarge = kind === tag.object && Number(this.#items[this.#next]) > manyKeys
    if (!isLarge) return this.#readForm(this.objects.register({}), kind, depth)
    // V8 makes an object without prototype a hash table from the start, which takes many keys several times as fast.
    const object = this.objects.register(Object.create(null) as Fields)
    this.#readForm(object, kind, depth)
    Object.setPrototypeOf(object, Object.prototype)
    return object
  }

  #readForm(object: Fields, kind: unknown, depth: number): Fields {
    const { keys, isSafe } = this.#shapeOf(kind, depth)
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] ?? ''
      const value = this.value(depth + 1)
      if (isSafe) object[key] = value
      else setOwn(object, key, value)
    }
    return object
  }

  #shapeOf(kind: unknown, depth: number): Shape {
    if (kind === tag.define || kind === tag.object) {
      const shape = this.shape(depth)
      if (kind === tag.define) this.#shapes.push(shape)
      return shape
    }
    const shape = typeof kind === 'number' ? this.#shapes[kind - tag.firstShape] : undefined
    if (shape === undefined) throw malformed('object')
    return shape
  }
}
