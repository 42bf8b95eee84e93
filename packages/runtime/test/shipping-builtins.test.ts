import crypto from 'node:crypto'
import { EventEmitter } from 'node:events'
import fs from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { Builtins } from '../src/shipping/builtins.ts'

const builtins = new Builtins()

test.each([
  [Math.sqrt, 'Math.sqrt'],
  [JSON.parse, 'JSON.parse'],
  [String, 'String'],
  [Array.prototype.map, 'Array.prototype.map'],
  [Intl.NumberFormat, 'Intl.NumberFormat'],
  [console.log, 'console.log'],
  [process.cwd, 'process.cwd'],
  [Buffer.from, 'Buffer.from'],
  [structuredClone, 'structuredClone'],
  [setTimeout, 'setTimeout'],
  [fetch, 'fetch'],
  [runInNewContext('Map') as typeof Map, 'Map'],
  [runInNewContext('[].map') as typeof Array.prototype.map, 'Array.prototype.map'],
])('Builtins finds %o as the global %s', (fn, path) => {
  expect(builtins.findFunction(fn)).toEqual({ from: 'global', path })
})

test.each([
  [fs.readFileSync, 'node:fs', 'readFileSync'],
  [readFile, 'node:fs/promises', 'readFile'],
  [path.win32.join, 'node:path', 'win32.join'],
  [EventEmitter, 'node:events', ''],
  [crypto.createHash, 'node:crypto', 'createHash'],
])('Builtins finds %o in %s', (fn, module, name) => {
  expect(builtins.findFunction(fn)).toEqual({ from: 'builtin', module, path: name })
})

test('Builtins finds namespaces and modules', () => {
  expect(builtins.findObject(Math)).toEqual({ from: 'global', path: 'Math' })
  expect(builtins.findObject(process)).toEqual({ from: 'global', path: 'process' })
  expect(builtins.findObject(fs)).toEqual({ from: 'builtin', module: 'node:fs', path: '' })
  expect(builtins.findObject({})).toBeUndefined()
})

test('Builtins knows no function that only looks like one of them', () => {
  const parseInt = (text: string): string => text

  expect(builtins.findFunction(parseInt)).toBeUndefined()
  expect(builtins.findFunction(Math.sqrt.bind(undefined))).toBeUndefined()
})
