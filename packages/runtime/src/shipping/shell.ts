/** What a function is on the wire, apart from the values that it captured: plain data without cycles. */

/** Something that both sides have or get as a module, so that it travels by name. */
export type Reference =
  /** `Math.sqrt`; `path` leads to it from `globalThis`. */
  | { readonly from: 'global'; readonly path: string }
  /** `readFileSync` of `node:fs`; an empty `path` is the module itself, `*` or `__toESM` its namespace as for `ModuleExport`. */
  | { readonly from: 'builtin'; readonly module: string; readonly path: string }
  /** An export of `@dialback/manager`; `*` is the whole of it. */
  | { readonly from: 'runtime'; readonly export: string }
  /** An export of a shipped module, or a property of it. */
  | { readonly from: 'module'; readonly id: string; readonly export: ModuleExport; readonly member?: string }
  /** A variable at the top level of a shipped module, exported or not. */
  | { readonly from: 'local'; readonly id: string; readonly name: string }
  /** An export of a package of the worker's own image. */
  | {
      readonly from: 'external'
      readonly specifier: string
      readonly export: ModuleExport
      readonly member?: string
    }
  /** The `require` of a CommonJS file. */
  | { readonly from: 'require'; readonly url: string }
  /** What `import(…)` does in a file. */
  | { readonly from: 'import'; readonly url: string }
  /** The `import.meta` of a module. */
  | { readonly from: 'meta'; readonly url: string }
  /** A function that a compiler puts in front of what it compiles. */
  | { readonly from: 'helper'; readonly name: '__name' }

/**
 * The name of an export, or `*` (the namespace), `module.exports` (of a CommonJS module), `__toESM` or `__toESM node` (what
 * esbuild makes of a CommonJS module that compiled code imports, the latter as Node itself would), `__vite` (what Vitest gives
 * for a module).
 */
export type ModuleExport = string

/** A function that both sides know by name. */
export interface ReferenceShell {
  readonly kind: 'reference'
  readonly reference: Reference
}

/** How `source` is to be read: as an expression, or as a member of an object literal. */
export type SourceForm = 'expression' | 'method' | 'getter' | 'setter'

/** A function that travels as its source. Lines and columns start at 0. */
export interface SourceShell {
  readonly kind: 'source'
  /** As long as what `toString()` gave and with the same lines, so that positions in stack traces are right. */
  readonly source: string
  readonly form: SourceForm
  /** The function's `name` property. */
  readonly name: string
  readonly isStrict: boolean
  /** The file as stack traces are to show it, and where in it `source` starts. */
  readonly url: string
  readonly line: number
  readonly column: number
  /** The module file of format `source-map` that leads from there to what the user wrote. */
  readonly sourceMap?: string
  /** Variables whose values travel as `captured`: the key there and, where it differs, the name in `source`. */
  readonly variables: readonly (string | readonly [key: string, name: string])[]
  /** Variables that both sides have, by their name in `source`. */
  readonly references: Readonly<Record<string, Reference>>
  /** Those of `references` that may change, and so are read at each use. */
  readonly live: readonly string[]
  /** Those of `variables` that other functions may assign: an object travels whose `value` all of these read and write. */
  readonly cells?: readonly string[]
  /** Variables that are needed to create a class, by name. */
  readonly constants?: Readonly<Record<string, string | number>>
  /** What `import('…')` and `require('…')` within `source` lead to, as in `ModuleFile`. */
  readonly imports?: Readonly<Record<string, string>>
  /** Names that `source` sets when it creates the class: its private static fields, which `fill` assigns. */
  readonly privateStatics?: readonly string[]
  /** Own properties of the function and of its `prototype`, which travel as `captured` with a dot in front. */
  readonly properties?: readonly string[]
  /** Members of a class that are also other members of it: the name of each, as in `properties`, and that of the other. */
  readonly aliases?: Readonly<Record<string, string>>
  /** What stands in `source` for the parent class, which travels as `captured`, under `extends`; empty if nothing does. */
  readonly parentName?: string
  /** Set for classes: the same in every process for what is one class, so that `instanceof` holds. */
  readonly identity?: string
}

export type FunctionShell = ReferenceShell | SourceShell

/** A module as it is sent to a worker. */
export interface ModuleFile {
  /** A hash of what follows, `imports` excepted. */
  readonly id: string
  /** Where it comes from: what `import.meta.url`, `__filename` and stack traces show. */
  readonly url: string
  readonly code: string
  /** Whether `code` is empty because the receiver has the file itself; `id` tells whether it is the same. */
  readonly isFromImage?: boolean
  readonly format: ModuleFormat
  /**
   * What its specifiers lead to: `import foo` and `require foo` → the `id` of a module, `runtime` (`@dialback/manager`) or
   * `external` (a package of the worker's image). What is not listed is resolved by the worker itself.
   */
  readonly imports: Readonly<Record<string, string>>
}

export type ModuleFormat = 'module' | 'commonjs' | 'json' | 'source-map'

/** The ids of the modules that a shell names, those that these import not included. */
export function modulesNamedBy(shell: FunctionShell): string[] {
  const ids = modulesReferredToBy(shell)
  if (shell.kind === 'reference') return ids
  for (const id of Object.values(shell.imports ?? {})) if (isModuleId(id)) ids.push(id)
  return ids
}

/** Of those the ones without which the function cannot be made. */
export function modulesReferredToBy(shell: FunctionShell): string[] {
  if (shell.kind === 'reference') return moduleOf(shell.reference)
  const ids = Object.values(shell.references).flatMap(moduleOf)
  if (shell.sourceMap !== undefined) ids.push(shell.sourceMap)
  return ids
}

/** Whether a value of `ModuleFile.imports` is the id of a module. */
export function isModuleId(target: string): boolean {
  return target !== 'runtime' && target !== 'external'
}

function moduleOf(reference: Reference): string[] {
  return reference.from === 'module' || reference.from === 'local' ? [reference.id] : []
}

/** Whether values travel with a function, which may change here and there. */
export function hasState(shell: FunctionShell): boolean {
  return shell.kind === 'source' && (shell.variables.length > 0 || (shell.properties ?? []).length > 0)
}

/** Whether a function is the same whenever it is sent. */
export function isConstant(shell: FunctionShell): boolean {
  return shell.kind === 'source' && !hasState(shell) && shell.parentName === undefined
}
