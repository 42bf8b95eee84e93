import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type Definition, DefinitionStore } from '../src/definition-store.ts'

const mib = 1024 * 1024

function definitionOf(bytes: number): Definition {
  return { fn: () => bytes, bytes, slowestMs: 0 }
}

/** Which of the hashes are there, without using them. */
function present(store: DefinitionStore, ...hashes: string[]): string[] {
  return hashes.filter((hash) => store.get(hash) !== undefined)
}

test('DefinitionStore gives what was set last', () => {
  const store = new DefinitionStore()
  const [first, second] = [definitionOf(1), definitionOf(1)]
  expect(store.get('a')).toBeUndefined()
  store.set('a', first)
  store.set('a', second)
  expect(store.get('a')).toBe(second)
})

test('DefinitionStore gives a promise until the function is ready, then the function', async () => {
  const store = new DefinitionStore()
  const definition = definitionOf(1)
  const loading = Promise.resolve(definition)
  store.set('a', loading)
  expect(store.get('a')).toBe(loading)
  await loading
  expect(store.get('a')).toBe(definition)
})

test('DefinitionStore keeps the promise of a function that could not be loaded', async () => {
  const store = new DefinitionStore()
  const loading = Promise.reject(new Error('no such module'))
  store.set('a', loading)
  await expect(store.get('a')).rejects.toThrow('no such module')
})

test('DefinitionStore drops what was used least recently when there is too much', () => {
  const store = new DefinitionStore()
  for (const hash of ['a', 'b', 'c']) store.set(hash, definitionOf(80 * mib))
  void store.get('a')
  void store.get('b')
  store.set('d', definitionOf(80 * mib))
  expect(present(store, 'a', 'b', 'c', 'd')).toEqual(['a', 'b', 'd'])
})

test('DefinitionStore drops the oldest of too many', () => {
  const store = new DefinitionStore()
  for (let i = 0; i <= 2_000; i++) store.set(`f${i}`, definitionOf(1))
  expect(present(store, 'f0', 'f1', 'f2000')).toEqual(['f1', 'f2000'])
})

test('DefinitionStore keeps one that is too large alone', () => {
  const store = new DefinitionStore()
  store.set('a', definitionOf(mib))
  store.set('b', definitionOf(300 * mib))
  expect(present(store, 'a', 'b')).toEqual(['b'])
})

test('DefinitionStore counts a function once, however often it is defined', () => {
  const store = new DefinitionStore()
  store.set('a', definitionOf(mib))
  for (let i = 0; i < 1_000; i++) store.set('b', definitionOf(mib))
  expect(present(store, 'a', 'b')).toEqual(['a', 'b'])
})

test('DefinitionStore drops those that could not be loaded like any other, and none that has just come', async () => {
  const store = new DefinitionStore()
  for (let n = 0; n < 3_000; n++) store.set(`failed ${n}`, Promise.reject(new Error('no such module')))
  await turn()
  store.set('a', definitionOf(1))
  expect(present(store, 'failed 0', 'failed 2999', 'a')).toEqual(['failed 2999', 'a'])

  for (let n = 0; n < 3_000; n++) store.set(`loading ${n}`, new Promise(() => {}))
  store.set('b', definitionOf(1))
  expect(present(store, 'loading 0', 'b')).toEqual(['loading 0', 'b'])
})
