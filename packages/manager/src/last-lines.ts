/** The last lines that a worker wrote, bounded in number and length. */

const maxLines = 20
const maxLineLength = 2_000

export class LastLines {
  #lines: string[] = []

  get all(): readonly string[] {
    return [...this.#lines]
  }

  add(line: string): void {
    this.#lines.push(line.slice(0, maxLineLength))
    if (this.#lines.length > maxLines) this.#lines.shift()
  }
}
