/**
 * What the codec hands to msgpack: one list of scalars, so that neither msgpackr's treatment of JavaScript types nor an
 * extension that some other user of it registered can touch a value.
 *
 * Booleans, numbers, strings and bigints stand for themselves. Whatever else is in a value begins with null and a tag, and
 * then has the items that the tag calls for. Objects are numbered in the order in which they are met, on both sides alike,
 * so a second meeting is `null, tag.ref, number`.
 */

export type WireItem = null | boolean | number | string | bigint

/**
 * In comments: `count` is the number of what follows it; a *value* is any number of items; a *blob* is a place in the table of
 * byte blobs; *fields* are an object form (`define`, `object` or a shape's number), or `null, later` when they come later.
 */
export const tag = {
  null: 0,
  undefined: 1,
  negativeZero: 2,
  /** number of an object met before. */
  ref: 3,
  /** count, values: an array without holes or further properties. */
  array: 4,
  /** count, keys, values: an object, and from here on `firstShape + n` stands for its keys. */
  define: 5,
  /** count, keys, values: an object whose keys are not kept. */
  object: 6,
  /** `array`, `object`, `map` or `set`: what is in it comes later, in the order in which these are met. */
  later: 7,
  /** hexadecimal digits, a sign in front: a bigint of more than 64 bits. */
  bigint: 8,
  /** blob of UTF-16 code units: a string that UTF-8 cannot carry unchanged. */
  text: 9,
  /** blob of UTF-8: a long string. */
  longText: 10,
  /** blob of float64: an array of numbers. */
  numbers: 11,
  /** blob of int32: an array of integers. */
  integers: 12,
  /** blob of uint32 lengths, count, blobs of UTF-8: an array of strings, which the blobs hold one after another. */
  strings: 13,
  /** count, values, length, count of further properties, key and value of each: an array with holes or named properties. */
  sparse: 14,
  /** count, key and value of each. */
  map: 15,
  /** count, values. */
  set: 16,
  /** ms since the epoch. */
  date: 17,
  /** source, flags. */
  regexp: 18,
  /** the primitive. */
  boxed: 19,
  /** class name, constructor or null, fields that are not enumerable, fields. */
  error: 20,
  /** message, name, fields that are not enumerable, fields. */
  domException: 21,
  /** href. */
  url: 22,
  /** query. */
  searchParams: 23,
  /** blob. */
  arrayBuffer: 24,
  /** class name, blob, byte offset, length. */
  view: 25,
  /** shell, fields of what it captured. */
  function: 26,
  /** constructor or prototype, fields. */
  instance: 27,
  /** constructor, value of the built-in class, fields: an instance of a class that extends Map, Array, … */
  subclass: 28,
  /** tag, data. */
  handle: 29,
  /** count of rows, count, keys, an array per key, an array of what follows: an array that begins with objects of one shape. */
  records: 30,
  /** count of rows, width, an array per place, an array of what follows: an array that begins with arrays of one length. */
  tuples: 31,
  /** This and above, values: an object with the keys that were defined at this place. */
  firstShape: 64,
} as const

/** The first byte of a head that has blobs; msgpack never uses it. */
export const compoundHead = 0xc1

/** What is nested deeper than this is written after the rest, so depth never costs stack on either side. */
export const maxDepth = 128

/** Nothing is nested deeper than this: the parts that are never put off end here. */
export const maxWholeDepth: number = 2 * maxDepth

/** Byte blobs from here on travel beside the head, uncopied. */
export const outOfBandBytes: number = 16 * 1024

/** How far all resizable buffers of a body may grow together; more would let a peer reserve address space at no cost. */
export const maxResizableBytes: number = 2 ** 30
