/** Follows imports from one module to all that it needs, and makes of each what is sent. */

import { createHash } from 'node:crypto'
import type { ModuleAnalysis } from './module-analysis.ts'
import type { ModuleEdge } from './module-scan.ts'
import { type ModuleSource, moduleSource, NativeAddon, UnsendableModule } from './module-source.ts'
import type { ModuleFile } from './shell.ts'
import type { ScriptText } from './v8-debugger.ts'

/** What a specifier leads to, as far as the function or module that has it is concerned. */
export type Target =
  | { readonly kind: 'module'; readonly url: string; readonly format?: string }
  | { readonly kind: 'builtin'; readonly module: string }
  | { readonly kind: 'runtime' }
  | { readonly kind: 'external' }

export interface ModuleNode {
  readonly file: ModuleFile
  readonly analysis?: ModuleAnalysis
}

/** A module that cannot be sent, and the specifiers that lead to what it is about. */
export interface Failure {
  readonly what: string
  readonly specifiers: readonly string[]
  /** Whether the worker's image can have it instead. */
  readonly isAddon?: boolean
  /** Whether it is a program of its own, whose functions travel without it. */
  readonly isProgram?: boolean
}

export interface GraphSurroundings {
  resolve(edge: ModuleEdge, parentUrl: string): Target | undefined
  /** The text that was compiled, unless that on the disk is the same. */
  textOf(url: string): ScriptText | undefined
  isEntry(url: string): boolean
  /** Whether modules are found in the worker's image, where addons can be loaded. */
  readonly isFromImage: boolean
  /** What is loaded already, or was sent here. */
  known(url: string): ModuleNode | Failure | undefined
}

interface Draft {
  readonly source?: ModuleSource
  readonly targets: { readonly edge: ModuleEdge; readonly target: Target }[]
  failure?: Failure
}

/** Loads a module and all that it imports and that is not known; modules that cannot be sent are `Failure`s. */
export function loadGraph(
  url: string,
  format: string | undefined,
  surroundings: GraphSurroundings,
): Map<string, ModuleNode | Failure> {
  const drafts = new Map<string, Draft>()
  const open: { url: string; format?: string | undefined }[] = [{ url, format }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (drafts.has(next.url) || surroundings.known(next.url) !== undefined) continue
    const draft = draftOf(next.url, next.format, surroundings)
    drafts.set(next.url, draft)
    for (const { target } of draft.targets) if (target.kind === 'module') open.push(target)
  }
  spreadFailures(drafts, surroundings)
  return finish(drafts, surroundings)
}

function draftOf(url: string, format: string | undefined, surroundings: GraphSurroundings): Draft {
  const failed = (what: string, more: Partial<Failure> = {}): Draft => ({
    targets: [],
    failure: { what, specifiers: [], ...more },
  })
  const program = (what: string): Draft =>
    failed(`${what}, which must not run again: move what is needed into a module of its own`, {
      isProgram: true,
    })
  if (surroundings.isEntry(url)) return program('it is the program itself')
  try {
    const source = moduleSource(url, surroundings.textOf(url), format)
    if (source.analysis?.isTestFile) return program('it is a test file')
    if (source.analysis?.addsWorkers) return program('it adds workers')
    return { source, targets: targetsOf(source, url, surroundings) }
  } catch (error) {
    if (!(error instanceof UnsendableModule)) throw error
    const reason = error.cause instanceof Error ? `: ${error.cause.message}` : ''
    return failed(`${error.message}${reason}`, { isAddon: error instanceof NativeAddon })
  }
}

/** @throws {NativeAddon} when the module looks for one. What is not given is left for the worker to find itself. */
function targetsOf(source: ModuleSource, url: string, surroundings: GraphSurroundings): Draft['targets'] {
  const { isFromImage } = surroundings
  const targets: Draft['targets'] = []
  for (const edge of source.analysis?.edges ?? []) {
    if (isAddonLoader(edge.specifier) && !isFromImage)
      throw new NativeAddon("it loads a native addon, so its package must be in the worker's image")
    const target = surroundings.resolve(edge, url)
    const isLeft = isFromImage && target?.kind === 'module' && target.url.endsWith('.node')
    if (target !== undefined && !isLeft) targets.push({ edge, target })
  }
  return targets
}

/** Packages whose only use is to find a native addon on the disk, by a path that nobody can tell from the source. */
function isAddonLoader(specifier: string): boolean {
  return /^(bindings|node-gyp-build|node-gyp-build-optional-packages|@mapbox\/node-pre-gyp|pkg-prebuilds)$/.test(
    specifier,
  )
}

/** A module fails if something fails that it cannot do without; what it can do without is left out. */
function spreadFailures(drafts: Map<string, Draft>, surroundings: GraphSurroundings): void {
  const failureOf = (url: string): Failure | undefined => {
    const draft = drafts.get(url)
    const known = draft === undefined ? surroundings.known(url) : undefined
    return known !== undefined && 'what' in known ? known : draft?.failure
  }
  for (let hasChanged = true; hasChanged; ) {
    hasChanged = false
    for (const draft of drafts.values()) {
      if (draft.failure !== undefined) continue
      for (const entry of draft.targets.slice()) {
        const failure = entry.target.kind === 'module' ? failureOf(entry.target.url) : undefined
        if (failure === undefined) continue
        hasChanged = true
        // An addon that is looked for in several places is the package itself, not something it can do without.
        if (
          entry.edge.isOptional &&
          !(entry.target.kind === 'module' && entry.target.url.endsWith('.node'))
        ) {
          draft.targets.splice(draft.targets.indexOf(entry), 1)
        } else
          draft.failure = {
            ...failure,
            isProgram: false,
            specifiers: [entry.edge.specifier, ...failure.specifiers],
          }
      }
    }
  }
}

function finish(
  drafts: Map<string, Draft>,
  surroundings: GraphSurroundings,
): Map<string, ModuleNode | Failure> {
  const nodes = new Map<string, ModuleNode | Failure>()
  const imports = new Map<Draft, Record<string, string>>()
  for (const [url, draft] of drafts) {
    const { source, failure = { what: 'it is empty', specifiers: [] } } = draft
    if (draft.failure !== undefined || source === undefined) nodes.set(url, failure)
    else {
      const own: Record<string, string> = {}
      imports.set(draft, own)
      nodes.set(url, nodeOf(url, source, own))
    }
  }
  const idOf = (url: string): string | undefined => {
    const node = nodes.get(url) ?? surroundings.known(url)
    return node !== undefined && 'file' in node ? node.file.id : undefined
  }
  // Only now, because modules may import each other.
  for (const [draft, own] of imports) {
    for (const { edge, target } of draft.targets) {
      const to = target.kind === 'module' ? idOf(target.url) : target.kind
      if (to !== undefined && to !== 'builtin') own[`${edge.kind} ${edge.specifier}`] = to
    }
  }
  return nodes
}

function nodeOf(url: string, source: ModuleSource, imports: Readonly<Record<string, string>>): ModuleNode {
  const code = withAccessors(source)
  const { format, analysis } = source
  const file = { id: contentId(url, format, code), url, code, format, imports }
  return { file, ...(analysis !== undefined && { analysis }) }
}

/** The content address of a module file. */
export function contentId(url: string, format: string, code: string): string {
  return createHash('sha256').update(`${format}\n${url}\n${code}`).digest('base64url').slice(0, 22)
}

/**
 * Adds to a module's source that it hands out access to all variables of its top level, exported or not: functions made
 * in the module travel as their source and find the variables of the one instance there.
 */
export function withAccessors({ text, format, analysis }: ModuleSource): string {
  if (analysis === undefined || analysis.bindings.size === 0) return text
  const members = [...analysis.bindings].map(([name, kind]) => {
    const setter = kind === 'mutable' ? `,set ${name}(v){${name}=v}` : ''
    return `get ${name}(){return ${name}}${setter}`
  })
  const own = format === 'module' ? 'import.meta.url' : '__filename'
  const code = `\n;globalThis[Symbol.for("dialback.modules")]?.(${own},{__proto__:null,${members.join(',')}});`
  return `${text.slice(0, analysis.end)}${code}${text.slice(analysis.end)}`
}
