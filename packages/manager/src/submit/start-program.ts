/**
 * Runs in the manager's pod, in whatever image that has: takes the program, from a file or from whoever brings it, puts it
 * where the script finds what it imports, and becomes `dialback run`. It imports nothing but Node, so that it can travel.
 */

import { createHash } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { delimiter, dirname, join, relative } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { ProgramHeader } from './pack-program.ts'

const {
  DIALBACK_PROGRAM_SHA256: sha256 = '',
  DIALBACK_PROGRAM_FILE: file,
  DIALBACK_PROGRAM_PORT: port,
  DIALBACK_PROGRAM_BYTES: size,
  DIALBACK_PROGRAM_DIRECTORY: directory = '',
  ...env
} = process.env
/** However slow the way is: longer than that nobody is there to bring it. */
const patienceMs = 600_000
const silenceMs = 60_000

// Nothing has begun yet that would have to end in order.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(143))
try {
  const bytes = file === undefined ? await receive(Number(port), Number(size)) : readFileSync(file)
  if (!isIt(bytes)) throw new Error(`${file} is not the program that was submitted`)
  const { script, cwd } = unpack(gunzipSync(bytes))
  process.chdir(join(directory, cwd))
  become('dialback', ['run', join(directory, script), '--', ...process.argv.slice(2)])
} catch (error) {
  process.stderr.write(
    `dialback error: Cannot start the program: ${error instanceof Error ? error.message : String(error)}\n`,
  )
  process.exit(1)
}

/** By its content: nothing else is let in, whoever brings it. */
function isIt(bytes: Buffer): boolean {
  return createHash('sha256').update(bytes).digest('hex') === sha256
}

/** Waits for the program on a port of this pod alone, which a port-forward reaches. */
async function receive(at: number, length: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  let current: Socket | undefined
  const server = createServer((socket) => {
    // Who comes again has lost the connection before.
    current?.destroy()
    current = socket
    const chunks: Buffer[] = []
    let received = 0
    socket.setTimeout(silenceMs, () => socket.destroy())
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      received += chunk.length
      if (received < length) return
      const bytes = Buffer.concat(chunks)
      if (received > length || !isIt(bytes)) socket.destroy()
      else socket.end('taken\n', () => resolve(bytes))
    })
  })
  server.on('error', reject)
  server.listen(at, '127.0.0.1')
  const timer = setTimeout(
    () => reject(new Error(`nobody has brought it within ${patienceMs / 1_000} s`)),
    patienceMs,
  )
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    server.close()
  }
}

function unpack(bytes: Buffer): ProgramHeader {
  const start = 4 + bytes.readUInt32BE(0)
  // What packProgram wrote: the hash has said so.
  const header = JSON.parse(bytes.toString('utf8', 4, start)) as ProgramHeader
  let at = start
  for (const [path, length, mode] of header.files) {
    const place = made(path)
    writeFileSync(place, bytes.subarray(at, at + length))
    chmodSync(place, mode | 0o600)
    at += length
  }
  for (const [path, target] of header.links) {
    const place = made(path)
    symlinkSync(relative(dirname(place), join(directory, target)), place)
  }
  return header
}

/** Gives where a path of the program is, in a directory that is there. */
function made(path: string): string {
  const place = join(directory, path)
  mkdirSync(dirname(place), { recursive: true })
  return place
}

function become(command: string, args: readonly string[]): void {
  const found = (env['PATH'] ?? '')
    .split(delimiter)
    .map((place) => join(place, command))
    .find(isExecutable)
  if (found === undefined)
    throw new Error(`the image has no command ${command}: build it FROM the image of the manager`)
  process.execve?.(found, [found, ...args], env)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
