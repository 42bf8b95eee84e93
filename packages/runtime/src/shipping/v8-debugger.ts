/** What only V8's debugger knows: the scripts that are loaded, and what `this` is in an arrow function. */

import { type Debugger, url as debuggerUrl, type Profiler } from 'node:inspector'
import { isAbsolute } from 'node:path'
import { setTimeout } from 'node:timers'
import { pathToFileURL } from 'node:url'
import { getCallSites } from 'node:util'
import { isClass } from './class-source.ts'
import { revivedMark } from './compiled-names.ts'
import { exchangeExpression, type V8Session } from './v8-session.ts'

export interface ScriptText {
  readonly text: string
  readonly isModule: boolean
}

/** Starting it costs 5 to 90 ms, by how much is loaded, so it stays on for a while. */
const idleMs = 200

export class V8Debugger {
  readonly #session: V8Session
  readonly #names = new Map<string, string>()
  readonly #scripts = new Map<string, Map<string, { readonly isModule: boolean }>>()
  #idle: NodeJS.Timeout | undefined
  #canStop = false

  constructor(session: V8Session) {
    this.#session = session
    session.on<Debugger.ScriptParsedEventDataType>('Debugger.scriptParsed', ({ scriptId, url, isModule }) => {
      this.#names.set(scriptId, url)
      if (url === '') return
      const scripts = this.#scripts.get(url) ?? new Map<string, { readonly isModule: boolean }>()
      this.#scripts.set(url, scripts.set(scriptId, { isModule: isModule === true }))
    })
  }

  /** The URL of a script, or the name that it was compiled under. */
  scriptName(id: string): string {
    const known = this.#names.get(id)
    if (known !== undefined) return known
    // What is on the stack can be known without the debugger.
    for (const site of getCallSites(200, { sourceMap: false }))
      this.#names.set(site.scriptId, toUrl(site.scriptName))
    if (!this.#names.has(id) && this.#idle === undefined) this.#nameCovered()
    if (!this.#names.has(id)) this.#start()
    return this.#names.get(id) ?? ''
  }

  /** Of what has run V8 tells the scripts in a quarter of the time that the debugger takes to start. */
  #nameCovered(): void {
    this.#session.post('Profiler.enable')
    const { result } = this.#session.post<Profiler.GetBestEffortCoverageReturnType>(
      'Profiler.getBestEffortCoverage',
    )
    this.#session.post('Profiler.disable')
    for (const { scriptId, url } of result) this.#names.set(scriptId, url)
  }

  /**
   * The text of a file as it was compiled; undefined when it was not loaded. Of several scripts with a name it is the one
   * that is a module, else the last: functions that came from elsewhere are compiled under the name of their file, too.
   */
  textOf(url: string): ScriptText | undefined {
    this.#start()
    const scripts = [...(this.#scripts.get(url) ?? [])].toSorted(([a], [b]) => Number(b) - Number(a))
    const candidates = [
      ...scripts.filter(([, { isModule }]) => isModule),
      ...scripts.filter(([, { isModule }]) => !isModule),
    ]
    for (const [scriptId, { isModule }] of candidates) {
      const text = this.#sourceOf(scriptId)
      if (text?.startsWith(revivedMark) === false) return { text, isModule }
    }
    return undefined
  }

  /** Undefined for a script that nothing refers to any more, which is forgotten at some time. */
  #sourceOf(scriptId: string): string | undefined {
    try {
      const { scriptSource } = this.#session.post<Debugger.GetScriptSourceReturnType>(
        'Debugger.getScriptSource',
        { scriptId },
      )
      return scriptSource
    } catch {
      return undefined
    }
  }

  /**
   * What `this` is in an arrow function: the one thing of a closure that its scopes do not show. V8 is made to stop where
   * the function would begin, tells it there, and goes on by ending the call before any of it has run. Undefined where V8
   * cannot be made to stop, as in a process that somebody debugs.
   */
  thisOf(arrow: object): { readonly value: unknown } | undefined {
    return this.#evaluateIn(arrow, 'this')
  }

  /**
   * Gives access to a variable that a function can assign, found in the same way. Undefined where V8 cannot be made to stop,
   * and for classes.
   */
  variableOf(fn: object, name: string): { set(value: unknown): void } | undefined {
    const found = this.#evaluateIn(fn, `{ set($dialbackValue) { ${name} = $dialbackValue } }`)
    return found && (found.value as { set(value: unknown): void })
  }

  #evaluateIn(fn: object, expression: string): { readonly value: unknown } | undefined {
    if (debuggerUrl() !== undefined) return undefined
    this.#start()
    // First on a function that may run, in case V8 does otherwise.
    if (!this.#canStop) this.#canStop = this.#stopAtEntry(() => {}, 'this') !== undefined
    return this.#canStop ? this.#stopAtEntry(fn, expression) : undefined
  }

  #stopAtEntry(fn: object, found: string): { readonly value: unknown } | undefined {
    const session = this.#session
    let hasFound = false
    const off = session.on<Debugger.PausedEventDataType>('Debugger.paused', ({ callFrames }) => {
      const callFrameId = callFrames[0]?.callFrameId ?? ''
      const expression = `${exchangeExpression}.found = ${found}`
      session.post('Debugger.evaluateOnCallFrame', { callFrameId, expression })
      hasFound = true
      session.post('Debugger.resume', { terminateOnResume: true })
    })
    return session.withHandle(fn, (objectId) => {
      const { breakpointId } = session.post<{ breakpointId: string }>(
        'Debugger.setBreakpointOnFunctionCall',
        { objectId },
      )
      session.post('Debugger.setSkipAllPauses', { skip: false })
      try {
        // Arguments that can be taken apart in any way, so that no default is computed and no pattern fails.
        const target = `${exchangeExpression}.target`
        const call = isClass(fn) ? `new ${target}` : target
        const expression = `${call}(...Array(64).fill((${anything})()))`
        session.post('Runtime.evaluate', { expression, silent: true })
      } catch {
        // The call was ended, which is what was asked for.
      } finally {
        off()
        session.post('Debugger.setSkipAllPauses', { skip: true })
        session.post('Debugger.removeBreakpoint', { breakpointId })
      }
      const value = session.takeFound()
      return hasFound ? { value } : undefined
    })
  }

  /** V8 then lists all scripts that are left, which may not be all that were there before. */
  #start(): void {
    if (this.#idle !== undefined) {
      this.#idle.refresh()
      return
    }
    this.#scripts.clear()
    this.#names.clear()
    this.#session.post('Debugger.enable')
    // Nobody is there to go on after a `debugger` statement.
    this.#session.post('Debugger.setSkipAllPauses', { skip: true })
    this.#idle = setTimeout(() => {
      this.#idle = undefined
      this.#session.post('Debugger.disable')
    }, idleMs)
    this.#idle.unref()
  }
}

/** Source of a function that gives a value which can be called, read, iterated and taken apart without end or error. */
const anything = `() => {
  const value = new Proxy(function () {}, {
    get: (_, key) =>
      key === Symbol.iterator ? function* () { for (let left = 64; left > 0; left--) yield value }
      : key === Symbol.toPrimitive ? () => '' : value,
    apply: () => value,
    construct: () => value,
    has: () => true,
  })
  return value
}`

function toUrl(name: string): string {
  return isAbsolute(name) ? pathToFileURL(name).href : name
}
