/**
 * Lets a thread write to standard output and error itself. Node has the main thread do it, bit by bit: what a call has written
 * would still be on its way when its result has arrived, and be lost if the script ends then.
 */

import { writeSync } from 'node:fs'
import type { Writable } from 'node:stream'

const descriptors = { stdout: 1, stderr: 2 } as const
/**
 * What a thread waits, all in all, for a reader that is slower. One that writes without a pause then goes on as Node has it,
 * so that it is busy, and neither sleeps nor is the reader's pace its own.
 */
const patienceMs = 100

/** Changes the streams of this thread's `process`, once somebody uses them: making them takes time. */
export function writeOutputDirectly(): void {
  for (const name of ['stdout', 'stderr'] as const) {
    const property = Object.getOwnPropertyDescriptor(process, name)
    if (property?.get === undefined) continue
    let changed: Writable | undefined
    const get = (): Writable => {
      // What Node has under these names.
      changed ??= direct(property.get?.call(process) as Writable, descriptors[name])
      return changed
    }
    Object.defineProperty(process, name, { ...property, get })
  }
}

function direct(stream: Writable, descriptor: number): Writable {
  let waitedMs = 0
  const wait = (): boolean => {
    waitedMs += 1
    Atomics.wait(pause, 0, 0, 1)
    return waitedMs < patienceMs
  }
  stream._write = (chunk: string | Uint8Array, encoding, done) => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
    const rest = writeWhile(wait, descriptor, bytes)
    if (rest.byteLength === 0) {
      done()
      return
    }
    // For good: what it is given from now on must not overtake this. What Node has is on the prototype.
    for (const name of ['_write', '_writev']) Reflect.deleteProperty(stream, name)
    stream._write(Buffer.from(rest), encoding, done)
  }
  // With it several chunks would come at once, another way.
  Reflect.set(stream, '_writev', undefined)
  return stream
}

/** Gives what is left when the pipe is full and `wait` does not want to any more. */
function writeWhile(wait: () => boolean, descriptor: number, bytes: Uint8Array): Uint8Array {
  for (let at = 0; at < bytes.byteLength; ) {
    try {
      at += writeSync(descriptor, bytes, at)
    } catch (error) {
      // Other than "try again": nobody is left to read it.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') break
      if (!wait()) return bytes.subarray(at)
    }
  }
  return bytes.subarray(bytes.byteLength)
}

const pause = new Int32Array(new SharedArrayBuffer(4))
