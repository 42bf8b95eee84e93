import { expect, test } from 'vitest'
import { moduleNeeds } from '../src/shipping/module-needs.ts'
import type { FunctionShell, ModuleFile, SourceShell } from '../src/shipping/shell.ts'

function filesOf(...files: ModuleFile[]): ReadonlyMap<string, ModuleFile> {
  return new Map(files.map((each) => [each.id, each]))
}

function file(id: string, imports: Record<string, string> = {}): ModuleFile {
  const format = id.endsWith('.cjs') ? 'commonjs' : 'module'
  return { id, url: `file:///${id}`, code: '', format, imports }
}

function source(shell: Partial<SourceShell>): FunctionShell {
  return {
    kind: 'source',
    source: '() => {}',
    form: 'expression',
    name: '',
    isStrict: true,
    url: 'file:///main.mjs',
    line: 1,
    column: 1,
    variables: [],
    references: {},
    live: [],
    ...shell,
  }
}

test('moduleNeeds() has what a function refers to loaded, and its source map, but not what these import', () => {
  const shells = [
    source({ references: { a: { from: 'module', id: 'a.mjs', export: 'a' } }, sourceMap: 'map' }),
    { kind: 'reference', reference: { from: 'local', id: 'b.cjs', name: 'b' } } as const,
  ]
  const files = filesOf(file('c.cjs'), file('a.mjs', { 'import ./c.cjs': 'c.cjs' }), file('b.cjs'))

  expect(moduleNeeds(shells, files)).toEqual({ loaded: ['a.mjs', 'map', 'b.cjs'], imported: [] })
})

test('moduleNeeds() has what a function imports when it runs only be there', () => {
  const shell = source({
    references: { both: { from: 'module', id: 'both.mjs', export: 'both' } },
    imports: {
      'import ./later.mjs': 'later.mjs',
      'import ./both.mjs': 'both.mjs',
      'require ./old.cjs': 'old.cjs',
      'import @dialback/manager': 'runtime',
      'import sharp': 'external',
    },
  })
  const files = filesOf(file('later.mjs'), file('both.mjs'), file('old.cjs'))

  expect(moduleNeeds([shell], files)).toEqual({
    loaded: ['both.mjs'],
    imported: ['later.mjs', 'old.cjs'],
  })
})

test('moduleNeeds() has ECMAScript modules loaded that something requires', () => {
  const shell = source({ imports: { 'import ./a.cjs': 'a.cjs', 'require ./n.mjs': 'n.mjs' } })
  const files = filesOf(file('m.mjs'), file('a.cjs', { 'require ./m.mjs': 'm.mjs' }), file('n.mjs'))

  expect(moduleNeeds([shell], files)).toEqual({ loaded: ['m.mjs', 'n.mjs'], imported: ['a.cjs'] })
})
