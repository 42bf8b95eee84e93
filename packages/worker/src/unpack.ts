/** Puts the files that a bundled program carries within itself where Node can run them. */

import { existsSync, lstatSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'

/** Files in one text, which any bundler can take along. */
export interface Archive {
  /** Of the files, by their content. */
  readonly id: string
  /** Which of the files runs the others, and has what they return as `opened`. */
  readonly runner: string
  /** Where the files belong, below one directory. */
  readonly paths: readonly string[]
  /** JSON of their texts, in the order of `paths`, packed and in base64. */
  readonly texts: string
}

/**
 * Gives the directory that has the files of an archive: the same for all programs of one user that carry the same.
 *
 * @throws {Error} when it cannot be made, or is not this user's own: what is in there is run.
 */
export function unpack(archive: Archive): string {
  const parent = join(tmpdir(), `dialback-${process.getuid?.() ?? 'bundled'}`)
  const directory = join(parent, archive.id)
  try {
    mkdirSync(parent, { recursive: true, mode: 0o700 })
    checkOwner(parent)
    // What cleans up temporary directories takes one file at a time.
    if (!isWhole(directory, archive)) write(directory, archive)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(
      `Cannot unpack what @dialback/manager needs, which is bundled with this program, to ${directory} (${why}): set TMPDIR to a directory that can be written, or let @dialback/manager stay external`,
      { cause },
    )
  }
  return directory
}

function checkOwner(directory: string): void {
  const { uid, mode } = lstatSync(directory)
  const isOurs = process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0)
  if (!isOurs) throw new Error('others can write there')
}

function isWhole(directory: string, { paths }: Archive): boolean {
  return paths.every((path) => existsSync(join(directory, path)))
}

/** Of many programs that start at once each makes its own, and the first is taken. */
function write(directory: string, archive: Archive): void {
  const scratch = mkdtempSync(`${directory}.`)
  try {
    const texts = JSON.parse(
      brotliDecompressSync(Buffer.from(archive.texts, 'base64')).toString(),
    ) as string[]
    for (const [index, path] of archive.paths.entries()) {
      const file = join(scratch, path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, texts[index] ?? '')
    }
    if (existsSync(directory)) renameSync(directory, join(scratch, 'incomplete'))
    renameSync(scratch, directory)
  } catch (error) {
    rmSync(scratch, { recursive: true, force: true })
    if (!isWhole(directory, archive)) throw error
  }
}
