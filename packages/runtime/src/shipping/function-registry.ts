/** Remembers functions of this process by a name that every process knows, so that one that comes back is itself again. */

import { randomUUID } from 'node:crypto'
import type { Cell } from './shared-variables.ts'
import type { Reference, SourceShell } from './shell.ts'

export class FunctionRegistry {
  readonly #byName = new Map<string, WeakRef<object>>()
  readonly #identities = new WeakMap<object, string>()
  readonly #shells = new WeakMap<object, SourceShell>()
  readonly #cells = new WeakMap<object, Readonly<Record<string, Cell>>>()
  readonly #forget = new FinalizationRegistry<string>((name) => {
    // By now the name may be that of another function.
    if (this.#byName.get(name)?.deref() === undefined) this.#byName.delete(name)
  })
  /** Sets the identities made here apart from those of other processes and threads. */
  #prefix: string | undefined
  #count = 0

  get(name: string): object | undefined {
    return this.#byName.get(name)?.deref()
  }

  set(name: string, fn: object): void {
    if (this.get(name) === fn) return
    this.#byName.set(name, new WeakRef(fn))
    this.#forget.register(fn, name)
  }

  /** The identity of a class, the same wherever it is sent on to. */
  identityOf(fn: object): string {
    let identity = this.#identities.get(fn)
    if (identity === undefined) {
      this.#prefix ??= randomUUID()
      identity = `${this.#prefix}:${this.#count++}`
      this.#identities.set(fn, identity)
      this.set(identity, fn)
    }
    return identity
  }

  /** Notes that a function was made of a shell that came from elsewhere. */
  addRevived(fn: object, shell: SourceShell): void {
    this.#shells.set(fn, shell)
    if (shell.identity === undefined) return
    this.#identities.set(fn, shell.identity)
    this.set(shell.identity, fn)
  }

  /** Notes the variables that a function which came from elsewhere shares with others. */
  setCells(fn: object, cells: Readonly<Record<string, Cell>>): void {
    this.#cells.set(fn, cells)
  }

  /** What holds a variable that a function which came from elsewhere shares with others. */
  cellOf(fn: object, name: string): Cell | undefined {
    return this.#cells.get(fn)?.[name]
  }

  /** The shell that a function was made of here, if it was. */
  shellOf(fn: object): SourceShell | undefined {
    return this.#shells.get(fn)
  }
}

/** The name of what a reference leads to in the process that it came from. */
export function referenceName(reference: Reference): string | undefined {
  if (reference.from === 'local') return `${reference.id}#${reference.name}`
  if (reference.from !== 'module' || reference.member !== undefined) return undefined
  return `${reference.id}.${reference.export}`
}
