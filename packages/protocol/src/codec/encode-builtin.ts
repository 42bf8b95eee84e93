/** The classes of the language and of the platform that travel by their contents. */

import { types } from 'node:util'
import { growsTooFar } from './blob-writer.ts'
import { writeArray } from './encode-array.ts'
import type { Encoder } from './encoder.ts'
import { classNameOf, entryStep } from './path.ts'
import { viewKind, viewPrototypes } from './view-kinds.ts'
import { tag } from './wire-format.ts'

/** Writes an object of one built-in class, which has been numbered already. */
export type WriteKind = (encoder: Encoder, value: object, depth: number) => void

function writeMap(encoder: Encoder, value: object, depth: number): void {
  if (!types.isMap(value)) throw encoder.refusal(depth, classNameOf(value))
  if (!encoder.isTooDeep(depth)) return writeEntries(encoder, value, depth)
  encoder.out.push(null, tag.later, tag.map)
  encoder.later(depth, () => writeEntries(encoder, value, 0))
}

function writeEntries(encoder: Encoder, map: ReadonlyMap<unknown, unknown>, depth: number): void {
  const entries: unknown[] = []
  // A subclass may have its own iterator, and a getter met on the way may change the map.
  Map.prototype.forEach.call(map, (item, key) => void entries.push(key, item))
  encoder.out.push(null, tag.map, entries.length / 2)
  for (let i = 0; i < entries.length; i += 2) {
    encoder.step(depth, { text: `key ${i / 2}` })
    encoder.value(entries[i], depth + 1)
    encoder.step(depth, entryStep(entries[i], i / 2))
    encoder.value(entries[i + 1], depth + 1)
  }
}

function writeSet(encoder: Encoder, value: object, depth: number): void {
  if (!types.isSet(value)) throw encoder.refusal(depth, classNameOf(value))
  if (!encoder.isTooDeep(depth)) return writeMembers(encoder, value, depth)
  encoder.out.push(null, tag.later, tag.set)
  encoder.later(depth, () => writeMembers(encoder, value, 0))
}

function writeMembers(encoder: Encoder, set: ReadonlySet<unknown>, depth: number): void {
  const members: unknown[] = []
  Set.prototype.forEach.call(set, (member) => void members.push(member))
  encoder.out.push(null, tag.set, members.length)
  for (const [i, member] of members.entries()) {
    encoder.step(depth, { text: `value ${i}` })
    encoder.value(member, depth + 1)
  }
}

function writeDate(encoder: Encoder, value: object, depth: number): void {
  if (!types.isDate(value)) throw encoder.refusal(depth, classNameOf(value))
  encoder.out.push(null, tag.date, Date.prototype.getTime.call(value))
}

function writeRegExp(encoder: Encoder, value: object, depth: number): void {
  if (!types.isRegExp(value)) throw encoder.refusal(depth, classNameOf(value))
  encoder.out.push(null, tag.regexp)
  encoder.text(value.source)
  encoder.out.push(value.flags)
}

function writeBoxed(encoder: Encoder, value: object, depth: number): void {
  if (!types.isBoxedPrimitive(value) || types.isSymbolObject(value))
    throw encoder.refusal(depth, classNameOf(value))
  encoder.out.push(null, tag.boxed)
  encoder.value(value.valueOf(), depth)
}

function writeUrl(encoder: Encoder, value: object, depth: number): void {
  if (!(value instanceof URL)) throw encoder.refusal(depth, classNameOf(value))
  encoder.out.push(null, tag.url)
  encoder.text(value.href)
}

function writeSearchParams(encoder: Encoder, value: object, depth: number): void {
  if (!(value instanceof URLSearchParams)) throw encoder.refusal(depth, classNameOf(value))
  encoder.out.push(null, tag.searchParams)
  encoder.text(value.toString())
}

function writeArrayBuffer(encoder: Encoder, value: object, depth: number): void {
  if (!types.isArrayBuffer(value)) throw encoder.refusal(depth, classNameOf(value))
  checkBuffer(encoder, value, depth)
  encoder.blobs.writeBuffer(value)
}

function writeView(encoder: Encoder, value: object, depth: number): void {
  if (!ArrayBuffer.isView(value)) throw encoder.refusal(depth, classNameOf(value))
  const { buffer } = value
  if (!types.isArrayBuffer(buffer)) throw encoder.refusal(depth, 'SharedArrayBuffer')
  checkBuffer(encoder, buffer, depth)
  const kind = Buffer.isBuffer(value) ? 'Buffer' : viewKind(value)
  // Its buffer has just been found to be an ArrayBuffer.
  encoder.blobs.writeView(value as ArrayBufferView<ArrayBuffer>, kind)
}

function checkBuffer(encoder: Encoder, buffer: ArrayBuffer, depth: number): void {
  if (buffer.detached) throw encoder.refusal(depth, 'detached ArrayBuffer')
  if (growsTooFar(buffer))
    throw encoder.refusal(depth, `ArrayBuffer that may grow to ${buffer.maxByteLength} bytes`)
}

const writeListed: WriteKind = (encoder, value, depth) => {
  if (!Array.isArray(value)) throw encoder.refusal(depth, classNameOf(value))
  writeArray(encoder, value, depth)
}

/** By prototype: how the instances of a built-in class of this realm travel, errors apart. */
export const builtinWriters: ReadonlyMap<unknown, WriteKind> = new Map<unknown, WriteKind>([
  [Array.prototype, writeListed],
  [Map.prototype, writeMap],
  [Set.prototype, writeSet],
  [Date.prototype, writeDate],
  [RegExp.prototype, writeRegExp],
  [Number.prototype, writeBoxed],
  [String.prototype, writeBoxed],
  [Boolean.prototype, writeBoxed],
  [BigInt.prototype, writeBoxed],
  [URL.prototype, writeUrl],
  [URLSearchParams.prototype, writeSearchParams],
  [ArrayBuffer.prototype, writeArrayBuffer],
  ...[...viewPrototypes.keys()].map((prototype): [unknown, WriteKind] => [prototype, writeView]),
])

/** How `value` travels as what it is underneath, be it of another realm or of a subclass; undefined for ordinary objects. */
export function writerByBrand(value: object): WriteKind | undefined {
  if (Array.isArray(value)) return writeListed
  if (types.isMap(value)) return writeMap
  if (types.isSet(value)) return writeSet
  if (types.isDate(value)) return writeDate
  if (types.isRegExp(value)) return writeRegExp
  if (types.isBoxedPrimitive(value)) return writeBoxed
  if (types.isArrayBuffer(value)) return writeArrayBuffer
  if (ArrayBuffer.isView(value)) return writeView
  if (value instanceof URL) return writeUrl
  if (value instanceof URLSearchParams) return writeSearchParams
  return undefined
}
