/** Makes a function of its source, with variables that get their values later. */

import vm from 'node:vm'
import { ProtocolError } from '@dialback/protocol'
import { cellsKey, privatesName, referencesName, revivedMark, strictKey } from '../shipping/compiled-names.ts'
import type { Cell } from '../shipping/shared-variables.ts'
import type { SourceShell } from '../shipping/shell.ts'
import type { LiveVariable } from './references.ts'

export interface CompiledFunction {
  readonly fn: object
  /** Gives the captured variables their values, by key. */
  assign(captured: Readonly<Record<string, unknown>>): void
  /** Gives the private static fields of a class their values, by name. */
  assignPrivates(values: Readonly<Record<string, unknown>>): void
}

export interface Surroundings {
  /** The values of `shell.references`, but for the live ones. */
  readonly references: Readonly<Record<string, unknown>>
  /** The variables that are read and written elsewhere. */
  readonly live: Readonly<Record<string, LiveVariable>>
  /** What holds those of them that several functions share, once that has arrived. */
  readonly cells: Readonly<Record<string, Cell>>
}

/**
 * Compiles a function under the name of the file that it was written in, and at its place in there, so that stack traces
 * lead to it.
 *
 * @throws {ProtocolError} when the source is no function.
 */
export function compile(shell: SourceShell, surroundings: Surroundings): CompiledFunction {
  const held = { ...shell.references, [strictKey]: shell.isStrict }
  const given = { ...surroundings.references, ...shell.constants, [referencesName]: held }
  const parent = shell.parentName ? { [shell.parentName]: standIn } : {}
  const values = { ...given, ...parent }
  const factory = compileText(wrapped(shell), Object.keys(values), shell, surroundings)
  const [made, assign, assignPrivates] = factory(...Object.values(values))
  return {
    fn: functionOf(made, shell),
    assign: (captured) => assign(captured),
    assignPrivates: (fields) => assignPrivates?.(fields),
  }
}

type Factory = (
  ...values: unknown[]
) => [
  made: unknown,
  assign: (captured: Readonly<Record<string, unknown>>) => void,
  assignPrivates?: (values: Readonly<Record<string, unknown>>) => void,
]

interface Wrapped {
  readonly before: string
  readonly after: string
  /** Parameters that get their values later. */
  readonly late: readonly string[]
}

/** What is put around the source: on its lines, so that these stay what they were. */
function wrapped({ form, isStrict, variables, cells = [], privateStatics }: SourceShell): Wrapped {
  const [open, close] = form === 'expression' ? ['(', ')'] : ['{', '}']
  const pairs = variables
    .map((entry) => (typeof entry === 'string' ? ([entry, entry] as const) : entry))
    .filter(([, name]) => !cells.includes(name))
  const assignments = pairs.map(([key, name]) => `${name}=arguments[0][${JSON.stringify(key)}];`)
  // Functions that are created within this one find its references by their scopes, which only have what something uses.
  const assign = `function(){${referencesName};${assignments.join('')}}`
  const privates = privateStatics ? `,function(){${privatesName}(arguments[0])}` : ''
  return {
    before: `${revivedMark}${isStrict ? '"use strict";' : ''}return[${open}`,
    after: `\n${close},${assign}${privates}]`,
    late: [...pairs.map(([, name]) => name), ...(privateStatics ? [privatesName] : [])],
  }
}

function compileText(
  { before, after, late }: Wrapped,
  parameters: readonly string[],
  shell: SourceShell,
  { live, cells }: Surroundings,
): Factory {
  try {
    return vm.compileFunction(`${before}${shell.source}${after}`, [...parameters, ...late], {
      filename: shell.url,
      lineOffset: shell.line,
      columnOffset: shell.column - before.length,
      contextExtensions: Object.keys(live).length > 0 ? [liveScope(live, cells)] : [],
    }) as Factory
  } catch (error) {
    throw new ProtocolError('A function arrived that cannot be compiled', { cause: error })
  }
}

/** An object that the function sees as variables. */
function liveScope(
  live: Readonly<Record<string, LiveVariable>>,
  cells: Readonly<Record<string, Cell>>,
): object {
  const scope = Object.create(null) as object
  Object.defineProperty(scope, cellsKey, { value: cells, enumerable: false })
  for (const [name, variable] of Object.entries(live)) {
    Object.defineProperty(scope, name, {
      get: () => variable.get(),
      set: (value: unknown) => {
        variable.set(value)
      },
      enumerable: true,
    })
  }
  return scope
}

function functionOf(made: unknown, { form }: SourceShell): object {
  if (form === 'expression') {
    // The name of a builtin is an expression, too, but what is not made here must not be given state.
    if (typeof made === 'function' && !isNative(made)) return made
    throw new ProtocolError('A function arrived that is none')
  }
  const [descriptor] = Object.values(Object.getOwnPropertyDescriptors(Object(made) as object))
  const slot = form === 'getter' ? 'get' : form === 'setter' ? 'set' : 'value'
  const member: unknown = descriptor && Reflect.get(descriptor, slot)
  if (typeof member === 'function') return member
  throw new ProtocolError('A method arrived that is none')
}

function isNative(fn: object): boolean {
  return Function.prototype.toString.call(fn).endsWith('{ [native code] }')
}

/** Stands for the parent of a class until that has arrived. */
const standIn = class {}
