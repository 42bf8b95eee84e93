import { ProtocolError } from '@dialback/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ModuleStore } from '../src/reviving/module-store.ts'
import { Reviver } from '../src/reviving/revive.ts'
import { FunctionRegistry } from '../src/shipping/function-registry.ts'

const runtimeModule = { myid: () => 7 }
const reviver = new Reviver({
  runtimeModule,
  store: new ModuleStore({ runtimeModule }),
  registry: new FunctionRegistry(),
})

const shell = {
  kind: 'source',
  source:
    'class extends $ { static #a; m() { return [a, b, c, d, m, r, i] } static { $dialbackPrivates = (v) => {} } }',
  form: 'expression',
  name: 'f',
  isStrict: true,
  url: 'file:///a.ts',
  line: 1,
  column: 2,
  variables: ['a', ['this', 'c']],
  cells: ['a'],
  references: {
    b: { from: 'global', path: 'Math.sqrt' },
    d: { from: 'builtin', module: 'node:path', path: 'join' },
    m: { from: 'meta', url: 'file:///a.ts' },
    r: { from: 'require', url: 'file:///a.ts' },
    i: { from: 'import', url: 'file:///a.ts' },
  },
  live: ['b'],
  constants: { k: 1 },
  imports: { 'import ./b.ts': 'someid' },
  privateStatics: ['a'],
  properties: ['.x', '.prototype.y'],
  parentName: '$',
  identity: 'other:1',
}
const captured = { a: { value: 1 }, this: 2, '#a': 3, '.x': 4, '.prototype.y': 5, extends: Map }

const junk = fc.oneof(
  fc.constantFrom<unknown>(
    '',
    'if',
    '__proto__',
    'constructor',
    '../x',
    'file:',
    'file://%',
    'node:',
    'a b',
    '*',
    '#',
  ),
  fc.constantFrom<unknown>(-1, 2 ** 31, 2 ** 53, Number.NaN, null, undefined, [], {}, [[]], [[1, 2]]),
  fc.anything(),
)

/** The ways to all parts of a value. */
function waysIn(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [[]]
  return [[], ...Object.entries(value).flatMap(([key, part]) => waysIn(part).map((way) => [key, ...way]))]
}

function replaced(value: unknown, [key, ...way]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by
  const copy = structuredClone(value) as Record<string, unknown>
  copy[key] = replaced(copy[key], way, by)
  return copy
}

function reviveSafely(value: unknown, values: unknown): void {
  try {
    const { fn, fill } = reviver.reviveFunction(value)
    expect(typeof fn).toBe('function')
    fill(values as Record<string, unknown>)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
  }
}

test('a shell with anything in the place of a part of it is revived or a ProtocolError', {
  timeout: 60_000,
}, () => {
  const ways = waysIn(shell)
  reviveSafely(shell, captured)
  fc.assert(
    fc.property(fc.constantFrom(...ways), junk, fc.integer(), (way, by, id) => {
      const changed = replaced({ ...shell, identity: `other:${id}` }, way, by)
      reviveSafely(changed, captured)
    }),
    { numRuns: 10_000 },
  )
  expect(Reflect.ownKeys(Object.prototype)).toHaveLength(12)
})

test('captured values of any kind are taken or a ProtocolError', () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(captured)), junk, fc.integer(), (key, by, id) => {
      reviveSafely({ ...shell, identity: `captured:${id}` }, { ...captured, [key]: by })
    }),
    { numRuns: 3_000 },
  )
})
