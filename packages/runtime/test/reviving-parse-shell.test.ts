import { ProtocolError } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { parseModuleFile, parseShell } from '../src/reviving/parse-shell.ts'

const shell = {
  kind: 'source',
  source: 'x => x',
  form: 'expression',
  name: 'f',
  isStrict: true,
  url: 'file:///a.ts',
  line: 1,
  column: 2,
  variables: ['a', ['this', '$ths']],
  references: { b: { from: 'global', path: 'Math.sqrt' } },
  live: ['b'],
}

test('parseShell() passes on what is well-formed', () => {
  expect(parseShell(shell)).toEqual(shell)
  expect(parseShell({ kind: 'reference', reference: { from: 'runtime', export: 'pmap' } })).toEqual({
    kind: 'reference',
    reference: { from: 'runtime', export: 'pmap' },
  })
})

test.each([
  [undefined],
  [null],
  [[]],
  ['x => x'],
  [{}],
  [{ kind: 'other' }],
  [{ kind: 'reference' }],
  [{ kind: 'reference', reference: { from: 'somewhere' } }],
  [{ kind: 'reference', reference: { from: 'global', path: 1 } }],
  [{ kind: 'reference', reference: { from: 'helper', name: '__other' } }],
  [{ ...shell, source: undefined }],
  [{ ...shell, form: 'class' }],
  [{ ...shell, line: 1.5 }],
  [{ ...shell, column: '1' }],
  [{ ...shell, variables: 'abc' }],
  [{ ...shell, variables: ['a){', 'b'] }],
  [{ ...shell, variables: [['a']] }],
  [{ ...shell, references: { 'a b': shell.references.b } }],
  [{ ...shell, references: [] }],
  [{ ...shell, live: ['unknown'] }],
  [{ ...shell, constants: { a: {} } }],
  [{ ...shell, parentName: 'a,b' }],
  [{ ...shell, privateStatics: ['a;b'] }],
])('parseShell() refuses %j', (value) => {
  expect(() => parseShell(value)).toThrow(ProtocolError)
})

test('parseModuleFile() refuses what is no module', () => {
  const file = { id: 'a', url: 'file:///a.js', code: '', format: 'module', imports: {} }

  expect(parseModuleFile(file)).toEqual(file)
  expect(() => parseModuleFile({ ...file, format: 'wasm' })).toThrow(ProtocolError)
  expect(() => parseModuleFile({ ...file, imports: { 'import ./b.js': 1 } })).toThrow(ProtocolError)
  expect(() => parseModuleFile({ ...file, code: new Uint8Array() })).toThrow(ProtocolError)
})
