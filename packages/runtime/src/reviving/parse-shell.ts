/** Checks what arrives as the shell of a function. */

import { ProtocolError } from '@dialback/protocol'
import type { FunctionShell, ModuleFile, Reference, SourceShell } from '../shipping/shell.ts'

type Fields = Readonly<Record<string, unknown>>

/** @throws {ProtocolError} naming the field that is not as it must be. */
export function parseShell(value: unknown): FunctionShell {
  const shell = fields(value, 'shell')
  if (shell.kind === 'reference')
    return { kind: 'reference', reference: parseReference(shell.reference, 'reference') }
  if (shell.kind !== 'source') throw wrong('kind', shell.kind)
  const source: SourceShell = {
    kind: 'source',
    source: string(shell, 'source'),
    form: oneOf(shell, 'form', ['expression', 'method', 'getter', 'setter'] as const),
    name: string(shell, 'name'),
    isStrict: shell.isStrict === true,
    url: string(shell, 'url'),
    line: integer(shell, 'line'),
    column: integer(shell, 'column'),
    variables: array(shell, 'variables').map(parseVariable),
    references: record(shell.references, 'references', parseReference, true),
    live: array(shell, 'live').map((name) => identifier(name, 'live')),
    ...optional(shell, 'sourceMap', () => string(shell, 'sourceMap')),
    ...optional(shell, 'cells', () => array(shell, 'cells').map((name) => identifier(name, 'cells'))),
    ...optional(shell, 'constants', (given) => record(given, 'constants', constant, true)),
    ...optional(shell, 'imports', (given) => record(given, 'imports', text, false)),
    ...optional(shell, 'privateStatics', () =>
      array(shell, 'privateStatics').map((name) => identifier(name, 'privateStatics')),
    ),
    ...optional(shell, 'properties', () =>
      array(shell, 'properties').map((name) => text(name, 'properties')),
    ),
    ...optional(shell, 'aliases', (given) => record(given, 'aliases', text, false)),
    ...optional(shell, 'parentName', (given) => (given === '' ? '' : identifier(given, 'parentName'))),
    ...optional(shell, 'identity', () => string(shell, 'identity')),
  }
  for (const name of source.live) if (!(name in source.references)) throw wrong('live', name)
  return source
}

/** @throws {ProtocolError} naming the field that is not as it must be. */
export function parseModuleFile(value: unknown): ModuleFile {
  const file = fields(value, 'module file')
  return {
    id: string(file, 'id'),
    url: string(file, 'url'),
    code: string(file, 'code'),
    ...(file.isFromImage === true && { isFromImage: true }),
    format: oneOf(file, 'format', ['module', 'commonjs', 'json', 'source-map'] as const),
    imports: record(file.imports, 'imports', text, false),
  }
}

function parseReference(value: unknown, name: string): Reference {
  const reference = fields(value, name)
  const member = optional(reference, 'member', () => string(reference, 'member'))
  switch (reference.from) {
    case 'global':
      return { from: 'global', path: string(reference, 'path') }
    case 'builtin':
      return { from: 'builtin', module: string(reference, 'module'), path: string(reference, 'path') }
    case 'runtime':
      return { from: 'runtime', export: string(reference, 'export') }
    case 'module':
      return { from: 'module', id: string(reference, 'id'), export: string(reference, 'export'), ...member }
    case 'local':
      return { from: 'local', id: string(reference, 'id'), name: string(reference, 'name') }
    case 'external': {
      const specifier = string(reference, 'specifier')
      return { from: 'external', specifier, export: string(reference, 'export'), ...member }
    }
    case 'require':
    case 'import':
    case 'meta':
      return { from: reference.from, url: string(reference, 'url') }
    case 'helper':
      return { from: 'helper', name: oneOf(reference, 'name', ['__name'] as const) }
    default:
      throw wrong(`${name}.from`, reference.from)
  }
}

function parseVariable(value: unknown): string | readonly [string, string] {
  if (!Array.isArray(value)) return identifier(value, 'variables')
  const [key, name] = value as readonly unknown[]
  return [text(key, 'variables'), identifier(name, 'variables')]
}

function constant(value: unknown, name: string): string | number {
  if (typeof value !== 'string' && typeof value !== 'number') throw wrong(name, value)
  return value
}

function record<T>(
  value: unknown,
  name: string,
  parse: (item: unknown, name: string) => T,
  areIdentifiers: boolean,
): Record<string, T> {
  const result = Object.create(null) as Record<string, T>
  for (const [key, item] of Object.entries(fields(value, name))) {
    result[areIdentifiers ? identifier(key, name) : key] = parse(item, `${name}.${key}`)
  }
  return result
}

function optional<K extends string, T>(from: Fields, key: K, parse: (given: unknown) => T): { [P in K]?: T } {
  const given = from[key]
  // One key, which the type of a computed property does not say.
  return given === undefined ? {} : ({ [key]: parse(given) } as { [P in K]?: T })
}

function fields(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name, value)
  return value as Fields
}

function array(from: Fields, name: string): readonly unknown[] {
  const value = from[name]
  if (!Array.isArray(value)) throw wrong(name, value)
  return value
}

function string(from: Fields, name: string): string {
  return text(from[name], name)
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string') throw wrong(name, value)
  return value
}

function integer(from: Fields, name: string): number {
  const value = from[name]
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw wrong(name, value)
  return value
}

/** Names become a part of what is compiled. */
function identifier(value: unknown, name: string): string {
  if (typeof value !== 'string' || !/^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u.test(value)) {
    throw wrong(name, value)
  }
  return value
}

function oneOf<T extends string>(from: Fields, name: string, allowed: readonly T[]): T {
  const value = allowed.find((candidate) => candidate === from[name])
  if (value === undefined) throw wrong(name, from[name])
  return value
}

function wrong(name: string, value: unknown): ProtocolError {
  const given = typeof value === 'string' ? `'${value.slice(0, 40)}'` : typeof value
  return new ProtocolError(`A function arrived whose ${name} is ${given}`)
}
