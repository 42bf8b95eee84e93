/** Where in a value something was found, as errors say it: `argument 1 › .socket`. */

/** One step into a value: a key, an index, or words for what is neither. */
export type Step = string | number | { readonly text: string }

const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u

/** How paths begin. Given a function, the value is a list, and paths into its item `i` begin with what that gives for `i`. */
export type Root = string | ((index: number) => string)

/** Where a walk starts: at the root of all paths, or somewhere on the way of an earlier walk. */
export type Start = Root | { readonly start: Start; readonly steps: readonly Step[] }

/** Gives the path that leads from a start by `steps`. */
export function pathText(start: Start, steps: readonly Step[]): string {
  const parts = [steps]
  let root = start
  for (; typeof root === 'object'; root = root.start) parts.push(root.steps)
  const all = parts.reverse().flat()
  if (typeof root === 'string') return [root, ...all.map(stepText)].join(' › ')
  const [index, ...rest] = all
  return [typeof index === 'number' ? root(index) : 'list', ...rest.map(stepText)].join(' › ')
}

function stepText(step: Step): string {
  if (typeof step === 'number') return `[${step}]`
  if (typeof step === 'object') return step.text
  return identifier.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`
}

/** The step to a variable that a function captured; what is no variable, say `.property`, is named as the hooks name it. */
export function capturedStep(name: string): Step {
  return { text: identifier.test(name) ? `captured ${JSON.stringify(name)}` : name }
}

/** The step to the value of entry `index` of a Map. */
export function entryStep(key: unknown, index: number): Step {
  if (typeof key === 'string') return { text: `get(${JSON.stringify(key)})` }
  if (typeof key === 'number' || typeof key === 'boolean') return { text: `get(${key})` }
  return { text: `value ${index}` }
}

/** The name of an object's class, for errors: its constructor's, else what `Object.prototype.toString` says. */
export function classNameOf(value: object): string {
  try {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (typeof prototype !== 'object' || prototype === null) return 'Object'
    const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
    if (typeof constructor === 'function' && constructor.name !== '') return constructor.name
    return Object.prototype.toString.call(value).slice(8, -1)
  } catch {
    return 'Object'
  }
}
