/** What is known about scripts whose variables travel by value, as far as their text can be had. */

import { readFileSync, statSync } from 'node:fs'
import { processStartedAt } from '../clock.ts'
import { analyzeModule, type ModuleAnalysis } from './module-analysis.ts'
import { stripTypes } from './module-source.ts'
import { offsetIn, type Site } from './site.ts'
import { noteSourceMap, sourceMapOf } from './source-maps.ts'
import type { V8Debugger } from './v8-debugger.ts'

interface Script {
  /** Its text if the file on the disk has that. */
  readonly onDisk: string | undefined
  analysis?: ModuleAnalysis | undefined
}

/**
 * Where this code is. Published it is one file, which imports nothing by a name that its functions use, and takes a second to
 * parse: as much as all else that a short script does.
 */
const ownBundle = import.meta.url

/** This process was told to load something before the program: it may be a loader, which takes care of certain files only. */
const hasPreloads = /(?:^|\s)(?:-r|--require|--import|--(?:experimental-)?loader)\b/.test(
  [...process.execArgv, process.env['NODE_OPTIONS']].join(' '),
)
/** At the end of a URL. */
const ofNodeItself = /\.(?:[cm]?[jt]s|json)$/

export class ScriptAnalyses {
  readonly #debugger: V8Debugger
  readonly #scripts = new Map<string, Script>()
  #hasTransformed = false

  constructor(v8Debugger: V8Debugger) {
    this.#debugger = v8Debugger
  }

  /** Analyzes the script that a function is from; undefined when its text cannot be had. */
  of(site: Site): ModuleAnalysis | undefined {
    const script = this.note(site)
    if (script === undefined || 'analysis' in script) return script?.analysis
    const text = script.onDisk ?? this.#debugger.textOf(site.url)?.text
    try {
      script.analysis = text === undefined ? undefined : analyzeModule(text)
    } catch {
      // Then it is only not known what it imports.
      script.analysis = undefined
    }
    return script.analysis
  }

  /** Sees whether the file on the disk is what runs: it has the function where it should be. */
  note(site: Site): Script | undefined {
    if (!site.url.startsWith('file:') || site.url === ownBundle) return undefined
    const known = this.#scripts.get(site.url)
    if (known !== undefined) return known
    const text = fileText(site.url)
    const isRight = text !== undefined && offsetIn(text, site) !== -1
    if (!isRight) {
      this.#hasTransformed = true
      if (sourceMapOf(site.url) === undefined) noteSourceMap(site.url, this.#debugger.textOf(site.url)?.text)
    }
    const script = { onDisk: isRight ? text : undefined }
    this.#scripts.set(site.url, script)
    return script
  }

  /**
   * Whether a module is on the disk as it was loaded. A loader that the program has brought itself is most often one for all
   * files, which the functions seen so far show; and a file that has changed since then is newer than the process. What is no
   * file of Node's own kind, or has a query, as what OpenTelemetry puts before others (`?iitm=true`), is from a loader.
   */
  isOnDisk(url: string): boolean {
    if (hasPreloads || this.#hasTransformed || this.#scripts.size === 0 || !ofNodeItself.test(url))
      return false
    const stats = statSync(new URL(url), { throwIfNoEntry: false })
    return stats !== undefined && stats.mtimeMs < processStartedAt
  }
}

function fileText(url: string): string | undefined {
  try {
    const text = readFileSync(new URL(url), 'utf8')
    return /\.[cm]?ts$/.test(new URL(url).pathname) ? stripTypes(text) : text
  } catch {
    return undefined
  }
}
