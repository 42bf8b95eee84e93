import { ProtocolError } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { ModuleStore } from '../src/reviving/module-store.ts'
import { Reviver } from '../src/reviving/revive.ts'
import { FunctionRegistry } from '../src/shipping/function-registry.ts'
import type { SourceShell } from '../src/shipping/shell.ts'

const runtimeModule = { myid: () => 7 }
const store = new ModuleStore({ runtimeModule })
const reviver = new Reviver({ runtimeModule, store, registry: new FunctionRegistry() })

function shellOf(source: string, fields: Partial<SourceShell> = {}): SourceShell {
  return {
    kind: 'source',
    source,
    form: 'expression',
    name: '',
    isStrict: true,
    url: 'file:///home/user/main.ts',
    line: 11,
    column: 6,
    variables: [],
    references: {},
    live: [],
    ...fields,
  }
}

/** Makes a function of which nothing is known. */
function revive(shell: SourceShell, captured: Record<string, unknown> = {}): (...args: unknown[]) => unknown {
  const { fn, fill } = reviver.reviveFunction(shell)
  fill(captured)
  return fn as (...args: unknown[]) => unknown
}

test('reviveFunction() gives variables their values after the function is made', () => {
  const { fn, fill } = reviver.reviveFunction(shellOf('() => me', { variables: ['me'] }))
  fill({ me: fn })

  expect((fn as () => unknown)()).toBe(fn)
})

test('reviveFunction() shows the file, line and column in stack traces', () => {
  const fail = revive(shellOf("() => { throw new Error('x') }", { name: 'fail' }))

  let stack: string[] | undefined
  try {
    fail()
  } catch (error) {
    stack = (error as Error).stack?.split('\n')
  }

  expect(stack?.[1]).toBe('    at fail (file:///home/user/main.ts:12:21)')
})

test.each([
  ['method', 'm(x) { return x + a }', [1], 6],
  ['getter', 'get m() { return a }', [], 5],
  ['expression', 'async x => x + a', [1], 6],
  ['expression', 'function (x) { return x + a }', [1], 6],
] as const)('reviveFunction() makes a function of the %s %s', async (form, source, args, expected) => {
  const fn = revive(shellOf(source, { form, variables: ['a'] }), { a: 5 })

  expect(await fn(...args)).toBe(expected)
})

test('reviveFunction() keeps a function sloppy that was', () => {
  const source = 'function () { return this === undefined }'

  expect([true, false].map((isStrict) => revive(shellOf(source, { isStrict }))())).toEqual([true, false])
})

test('reviveFunction() finds what is referred to by name', () => {
  const references = {
    sqrt: { from: 'global', path: 'Math.sqrt' },
    join: { from: 'builtin', module: 'node:path', path: 'join' },
    myid: { from: 'runtime', export: 'myid' },
    $importMeta: { from: 'meta', url: 'file:///home/user/main.ts' },
  } as const
  const fn = revive(shellOf("() => [sqrt(4), join('a', 'b'), myid(), $importMeta.dirname]", { references }))

  expect(fn()).toEqual([2, 'a/b', 7, '/home/user'])
})

test('reviveFunction() gives a class its parent and its static state', () => {
  const shell = shellOf(
    'class B extends $ { static a; ; static #p;static{$dialbackPrivates=v=>{this.#p=v.p;}} static get() { return [this.a, this.#p, super.x] } }',
    {
      parentName: '$',
      privateStatics: ['p'],
      properties: ['.a'],
    },
  )
  class A {
    static x = 3
  }
  const made = revive(shell, { extends: A, '.a': 1, '#p': 2 }) as unknown as typeof A & { get(): unknown }

  expect(made.get()).toEqual([1, 2, 3])
  expect(Reflect.construct(made, [])).toBeInstanceOf(A)
})

test('reviveFunction() makes one class of one identity', () => {
  const shell = shellOf('class { m() { return a } }', { variables: ['a'], identity: 'other:1' })

  const first = revive(shell, { a: 1 })
  const second = revive(shell, { a: 2 })

  expect(second).toBe(first)
  expect((Reflect.construct(first, []) as { m(): unknown }).m()).toBe(2)
})

test.each([
  shellOf('not a function'),
  shellOf('1'),
  shellOf('constructor', { properties: ['.prototype.x'] }),
  shellOf('() => {'),
  shellOf('() => 1)], process.exit('),
  shellOf('() => a', { references: { a: { from: 'global', path: 'Math.nothing' } } }),
  shellOf('() => a', { references: { a: { from: 'builtin', module: 'node:nothing', path: '' } } }),
  shellOf('() => a', { references: { a: { from: 'module', id: 'not sent', export: 'a' } } }),
  { kind: 'reference', reference: { from: 'global', path: 'Math' } },
])('reviveFunction() refuses %j', (shell) => {
  expect(() => reviver.reviveFunction(shell)).toThrow(ProtocolError)
})
