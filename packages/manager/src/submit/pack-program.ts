/** Packs a program into one piece of bytes that `start-program.ts` takes apart in the pod. */

import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, sep } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { ProgramFiles } from './program-files.ts'

export interface PackedProgram {
  readonly bytes: Buffer
  /** Of `bytes`, in hex: the pod takes nothing else. */
  readonly sha256: string
  /** How many files are in it. */
  readonly count: number
}

/** What is before the contents. Paths are relative to where the program is put, with `/` between their parts. */
export interface ProgramHeader {
  readonly script: string
  /** Where the script is run. */
  readonly cwd: string
  readonly files: readonly (readonly [path: string, size: number, mode: number])[]
  readonly links: readonly (readonly [path: string, target: string])[]
}

/** More than this is data, which does not belong in a program; all of it is in memory here and in the pod. */
const maxBytes = 268_435_456

/**
 * Packs it: the length of a header in 4 bytes, the header as JSON, the contents of the files one after another, and all of
 * that by gzip.
 *
 * @param cwd where the script is run, if that is part of the program; else it is run where it lies.
 * @throws {RangeError} when it is too large.
 */
export async function packProgram(program: ProgramFiles, cwd: string): Promise<PackedProgram> {
  const { script, files, links } = program
  const base = commonDirectory([...files, ...links.keys(), ...links.values()].map(dirname))
  const place = (path: string): string => relative(base, path).split(sep).join('/')
  const sizes = await Promise.all(files.map(async (file) => await stat(file)))
  const total = sizes.reduce((sum, { size }) => sum + size, 0)
  if (total > maxBytes)
    throw new RangeError(
      `Cannot carry the program: it has ${total} bytes, and may have ${maxBytes}; put it into an image (--in-image)`,
    )
  const contents: Buffer[] = []
  for (const file of files) contents.push(await readFile(file))
  const header: ProgramHeader = {
    script: place(script),
    cwd: place(isWithin(cwd, base) ? cwd : dirname(script)),
    files: files.map((file, i) => [place(file), contents[i]?.length ?? 0, (sizes[i]?.mode ?? 0o644) & 0o777]),
    links: [...links].map(([path, target]) => [place(path), place(target)]),
  }
  const bytes = await promisify(gzip)(framed(header, contents))
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex'), count: files.length }
}

function framed(header: ProgramHeader, contents: readonly Buffer[]): Buffer {
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  return Buffer.concat([length, text, ...contents])
}

function commonDirectory(directories: readonly string[]): string {
  const [first = '/', ...others] = directories
  let common = first
  while (!others.every((directory) => isWithin(directory, common))) common = dirname(common)
  return common
}

function isWithin(path: string, directory: string): boolean {
  const way = relative(directory, path)
  return way === '' || !(way === '..' || way.startsWith(join('..', sep)) || isAbsolute(way))
}
