/** The views of an `ArrayBuffer` that travel: typed arrays, `DataView`, `Buffer`. */

type MakeView = (buffer: ArrayBuffer, byteOffset: number, length: number) => ArrayBufferView

interface ViewClass {
  readonly name: string
  readonly prototype: object
  new (buffer: ArrayBuffer, byteOffset: number, length: number): ArrayBufferView
}

const classes: readonly ViewClass[] = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float16Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
]

/** By name: how a view of that class is made. `length` counts items, bytes for a `DataView`. */
export const makeView: ReadonlyMap<string, MakeView> = new Map([
  ...classes.map((View): [string, MakeView] => [
    View.name,
    (buffer, byteOffset, length) => new View(buffer, byteOffset, length),
  ]),
  ['Buffer', (buffer, byteOffset, length): ArrayBufferView => Buffer.from(buffer, byteOffset, length)],
])

/** The prototypes of those classes and their names. */
export const viewPrototypes: ReadonlyMap<object, string> = new Map<object, string>([
  ...classes.map((View): [object, string] => [View.prototype, View.name]),
  [Buffer.prototype, 'Buffer'],
])

/** The built-in class that `view` is an instance of, whatever realm or subclass it comes from. */
export function viewKind(view: ArrayBufferView): string {
  // The getter of %TypedArray%.prototype looks at what the object is, not at what it says it is.
  const name: unknown = typedArrayName?.get?.call(view)
  return typeof name === 'string' ? name : 'DataView'
}

/** How many items `view` has; bytes for a `DataView`. */
export function viewLength(view: ArrayBufferView): number {
  return 'length' in view && typeof view.length === 'number' ? view.length : view.byteLength
}

const typedArrayName = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)
