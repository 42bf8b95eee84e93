/**
 * Keeps something at the bottom of the terminal, bars or a prompt, while lines are written above it: by whomever, so it is the
 * streams' own `write` that makes room.
 */

/** What stands there. */
export interface Bottom {
  hide(): void
  show(): void
}

/** The part of `process.stdout` and `process.stderr` that is needed. */
export interface LineStream {
  readonly isTTY?: boolean
  write(text: string, ...rest: never[]): unknown
}

export class TerminalBottom {
  readonly #streams: readonly LineStream[]
  #bottom: Bottom | undefined
  #isHidden = false
  #isQuiet = false
  #restore: (() => void) | undefined

  /** `streams`: all that write to the terminal. */
  constructor(streams: readonly LineStream[]) {
    this.#streams = streams.filter(({ isTTY }) => isTTY === true)
  }

  /** Puts something there, if nothing is: false when there is. */
  take(bottom: Bottom): boolean {
    if (this.#bottom === bottom) return true
    if (this.#bottom !== undefined) return false
    this.#bottom = bottom
    this.#isHidden = false
    this.#restore ??= this.#patch()
    return true
  }

  /** It is no longer there; what is on the screen stays. */
  leave(bottom: Bottom): void {
    if (this.#bottom !== bottom) return
    this.#bottom = undefined
    this.#restore?.()
    this.#restore = undefined
  }

  /** Whether something else was written that has not come to the end of its line. */
  get isHidden(): boolean {
    return this.#isHidden
  }

  #patch(): () => void {
    const restores = this.#streams.map((stream) => {
      // eslint-disable-next-line typescript/unbound-method -- it is called on its stream below
      const { write } = stream
      const isOwn = Object.hasOwn(stream, 'write')
      stream.write = (...args) => this.#writeAbove(() => Reflect.apply(write, stream, args), args[0])
      return () => {
        if (isOwn) stream.write = write
        else Reflect.deleteProperty(stream, 'write')
      }
    })
    return () => {
      for (const restore of restores) restore()
    }
  }

  #writeAbove(write: () => unknown, text: string | Uint8Array): unknown {
    const bottom = this.#bottom
    if (bottom === undefined || this.#isQuiet) return write()
    if (!this.#isHidden) this.quietly(() => bottom.hide())
    const result = write()
    const last: unknown = text.at(-1)
    this.#isHidden = text.length > 0 ? last !== '\n' && last !== 10 : this.#isHidden
    if (!this.#isHidden) this.quietly(() => bottom.show())
    return result
  }

  /** What is written meanwhile belongs to what stands there, and is not written above it. */
  quietly(draw: () => void): void {
    const wasQuiet = this.#isQuiet
    this.#isQuiet = true
    draw()
    this.#isQuiet = wasQuiet
  }
}

/** Whether the terminal of this process can take back what was written: a dumb one, as that of an editor, shows how it was asked to. */
export function canErase(): boolean {
  return process.env['TERM'] !== 'dumb'
}

/** The terminal of this process. */
export const terminalBottom: TerminalBottom = new TerminalBottom(
  canErase() ? [process.stdout, process.stderr] : [],
)
