/** The bars of one terminal: each has its line at the bottom, and when it ends its last state stays above. */

import { type Bottom, type LineStream, TerminalBottom, terminalBottom } from './terminal-bottom.ts'

const eraseLine = '\r\u001b[2K'
const upAndErase = '\u001b[1A\u001b[2K'

export class ProgressBars implements Bottom {
  readonly #terminal: LineStream
  readonly #bottom: TerminalBottom
  /** By bar, in the order in which they began. */
  readonly #lines = new Map<object, string>()
  /** How many lines are on the screen. */
  #shown = 0

  constructor(terminal: LineStream, bottom: TerminalBottom) {
    this.#terminal = terminal
    this.#bottom = bottom
  }

  /** Shows the line of a bar, unless somebody is being asked something there. */
  draw(bar: object, line: string): void {
    this.#lines.set(bar, line)
    if (this.#bottom.take(this)) this.#redraw('')
  }

  /** Leaves the line of a bar where it is, for good. */
  finish(bar: object, line: string): void {
    this.#lines.delete(bar)
    if (this.#bottom.take(this)) this.#redraw(`${line}\n`)
    else this.#terminal.write(`${line}\n`)
    if (this.#lines.size === 0) this.#bottom.leave(this)
  }

  hide(): void {
    this.#terminal.write(this.#erasure())
    this.#shown = 0
  }

  show(): void {
    this.#redraw('')
  }

  #redraw(above: string): void {
    // In the middle of somebody's line there is no place for it.
    if (this.#bottom.isHidden) return
    const text = `${this.#erasure()}${above}${[...this.#lines.values()].join('\n')}`
    this.#shown = this.#lines.size
    this.#bottom.quietly(() => this.#terminal.write(text))
  }

  #erasure(): string {
    return `${eraseLine}${upAndErase.repeat(Math.max(0, this.#shown - 1))}`
  }
}

const barsOfTerminals = new WeakMap<LineStream, ProgressBars>()

/** All bars of a terminal stand below one another. */
export function barsOn(terminal: LineStream): ProgressBars {
  const known = barsOfTerminals.get(terminal)
  if (known !== undefined) return known
  const isOwn = terminal === process.stderr || terminal === process.stdout
  const bars = new ProgressBars(terminal, isOwn ? terminalBottom : new TerminalBottom([terminal]))
  barsOfTerminals.set(terminal, bars)
  return bars
}
