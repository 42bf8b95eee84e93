/**
 * Lets a thread write to standard output and error itself. Node has the main thread do it, bit by bit: what a call has written
 * would still be on its way when its result has arrived, and be lost if the script ends then. And what a loop prints that
 * does not yield would all be kept in memory until it does.
 */

import { writeSync } from 'node:fs'
import type { Writable } from 'node:stream'

const descriptors = { stdout: 1, stderr: 2 } as const
/** How long a thread sleeps at most, while its reader is slower, before it tries again. */
const longestPauseMs = 20

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
  stream._write = (chunk: string | Uint8Array, encoding, done) => {
    writeAll(descriptor, typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk)
    done()
  }
  // With it several chunks would come at once, another way.
  Reflect.set(stream, '_writev', undefined)
  return stream
}

/**
 * Writes to standard output or error, and waits for a reader that is slower, as a program does whose pipe is full. What
 * nobody is left to read, or has not read within `patienceMs`, is dropped.
 */
export function writeAll(descriptor: number, bytes: Uint8Array, patienceMs: number = Infinity): void {
  let pauseMs = 0
  let waitedMs = 0
  for (let at = 0; at < bytes.byteLength; ) {
    try {
      at += writeSync(descriptor, bytes, at)
      pauseMs = 0
    } catch (error) {
      // Other than "try again": nobody is left to read it.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || waitedMs >= patienceMs) return
      waitedMs += pauseMs
      pauseMs = Math.min(longestPauseMs, pauseMs + 1)
      // Ends early, as all code does, when the thread is terminated.
      Atomics.wait(pause, 0, 0, pauseMs)
    }
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4))
