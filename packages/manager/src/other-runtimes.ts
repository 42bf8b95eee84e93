/**
 * Tells that workers run another release line of Node than this process. Most functions do not mind, but what only one of
 * them knows (syntax, a builtin, a type that is copied) fails on the other side in ways that do not name the cause.
 */

const mostCharacters = 40

export class OtherRuntimes {
  readonly #own: string
  readonly #warn: (line: string) => void
  readonly #told = new Set<string>()

  /** @param own as `process.version` */
  constructor(own: string, warn: (line: string) => void) {
    this.#own = own
    this.#warn = warn
  }

  /** A worker said what it runs. Each other release line is told once. */
  seen(worker: string, version: string): void {
    const line = releaseLine(version)
    if (line === releaseLine(this.#own) || this.#told.has(line)) return
    this.#told.add(line)
    this.#warn(
      `${worker} runs Node.js ${version.slice(0, mostCharacters)}, this process ${this.#own}: what only one of them knows fails on the other; use one release line for both`,
    )
  }
}

function releaseLine(version: string): string {
  return /^v?\d+/.exec(version)?.[0] ?? ''
}
