/** The last lines that a worker wrote, bounded in number and length. */

const maxLines = 20
const maxLineLength = 2_000

export class LastLines {
  #lines: string[] = []

  get all(): readonly string[] {
    return [...this.#lines]
  }

  add(line: string): void {
    this.#lines.push(line.length > maxLineLength ? copyOf(line.slice(0, maxLineLength)) : line)
    if (this.#lines.length > maxLines) this.#lines.shift()
  }
}

/** A slice of a string keeps all of that string in memory. In UTF-16, in which every string is valid. */
function copyOf(slice: string): string {
  return Buffer.from(slice, 'utf16le').toString('utf16le')
}
