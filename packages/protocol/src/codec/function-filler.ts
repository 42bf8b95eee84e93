/** Gives revived functions what they captured. */

import type { RevivedFunction } from './hooks.ts'

interface Pending {
  readonly revived: RevivedFunction
  readonly captured: Record<string, unknown>
  isOpen: boolean
  isFilled: boolean
}

export class FunctionFiller {
  readonly #pending = new Map<unknown, Pending>()

  add(revived: RevivedFunction, captured: Record<string, unknown>): void {
    this.#pending.set(revived.fn, { revived, captured, isOpen: false, isFilled: false })
  }

  /** Fills all; functions that a function captured before itself, because a class needs the class that it extends. */
  fillAll(): void {
    for (const pending of this.#pending.values()) this.#fill(pending)
  }

  /** Not recursive: functions may capture each other in long chains. */
  #fill(first: Pending): void {
    const stack = [first]
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      if (top.isOpen) {
        stack.pop()
        if (!top.isFilled) top.revived.fill(top.captured)
        top.isFilled = true
      } else {
        top.isOpen = true
        for (const value of Object.values(top.captured)) {
          const pending = this.#pending.get(value)
          if (pending !== undefined && !pending.isOpen) stack.push(pending)
        }
      }
    }
  }
}
