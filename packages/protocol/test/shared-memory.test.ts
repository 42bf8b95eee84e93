import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { limits } from '../src/limits.ts'
import type { SharedSlot } from '../src/message.ts'
import { SharedMemory, SharedMemoryReader } from '../src/shared-memory.ts'

const run = promisify(execFile)

function createMemory(): SharedMemory {
  const memory = SharedMemory.create()
  if (memory === undefined) throw new Error('This machine has no shared memory to test with')
  return memory
}

function write(memory: SharedMemory, bytes: Uint8Array): SharedSlot {
  const slot = memory.write(bytes)
  if (slot === undefined) throw new Error('The memory is full')
  return slot
}

/** Gives a thread of this process that has a memory of its own, and what it has written there. */
async function writeInThread(text: string): Promise<{ thread: Worker; slot: SharedSlot }> {
  const thread = new Worker(fixture('write-shared.ts'), { workerData: text })
  const [slot] = (await once(thread, 'message')) as [SharedSlot]
  return { thread, slot }
}

function closing(reader: SharedMemoryReader): SharedMemoryReader & Disposable {
  return Object.assign(reader, { [Symbol.dispose]: () => reader.close() })
}

function openFiles(): number {
  return readdirSync('/proc/self/fd').length
}

function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))
}

describe.runIf(process.platform === 'linux')('on Linux', () => {
  test('SharedMemoryReader does not take a file for another one that had its number, in a thread that has ended', async () => {
    using reader = closing(new SharedMemoryReader())
    const bytes = Buffer.alloc(3)
    const [first, second] = [await writeInThread('one'), await writeInThread('two')]

    reader.read(first.slot, bytes)
    const before = bytes.toString()
    await first.thread.terminate()
    const third = await writeInThread('new')
    reader.read(third.slot, bytes)

    expect([before, bytes.toString(), third.slot.fd]).toEqual(['one', 'new', first.slot.fd])
    expect(() => reader.read(first.slot, bytes)).toThrow('is another one by now')
    reader.read(third.slot, bytes)
    expect(bytes.toString()).toBe('new')
    await Promise.all([second, third].map(({ thread }) => thread.terminate()))
  })

  test('SharedMemoryReader lets go of memory whose owner is gone when it opens another one', async () => {
    using reader = closing(new SharedMemoryReader())
    const [first, second] = [await writeInThread('one'), await writeInThread('two')]
    const bytes = Buffer.alloc(3)

    reader.read(first.slot, bytes)
    await first.thread.terminate()
    const before = openFiles()
    reader.read(second.slot, bytes)

    expect([bytes.toString(), openFiles()]).toEqual(['two', before])
    await second.thread.terminate()
  })

  test('SharedMemory.close() gives the memory back, after which nothing is written', () => {
    const before = openFiles()
    const memory = createMemory()
    const slot = write(memory, Buffer.of(1))

    memory.close()
    memory.close()
    memory.free(slot)

    expect(memory.write(Buffer.of(2))).toBeUndefined()
    expect(openFiles()).toBe(before)
  })

  test('SharedMemory leaves nothing in /dev/shm', () => {
    write(createMemory(), Buffer.alloc(100_000, 1))
    expect(readdirSync('/dev/shm').filter((name) => name.startsWith(`dialback-${process.pid}-`))).toEqual([])
  })

  test('SharedMemoryReader reads what was written, slot by slot', () => {
    const memory = createMemory()
    const reader = new SharedMemoryReader()
    const slots = [1, 2, 3].map((n) => write(memory, Buffer.alloc(n * 1_000, n)))
    const found = slots.map((slot) => {
      const target = Buffer.alloc(slot.length)
      reader.read(slot, target)
      return [target.length, target.every((byte) => byte === target[0]), target[0]]
    })
    expect(found).toEqual([
      [1_000, true, 1],
      [2_000, true, 2],
      [3_000, true, 3],
    ])
    reader.close()
  })

  test('another process reads it without a copy through this one', async () => {
    const { pid, fd, offset, length } = write(createMemory(), Buffer.from('from one process to the other'))
    const args = [fixture('read-slot.ts'), pid, fd, offset, length].map(String)
    const { stdout } = await run(process.execPath, args)
    expect(stdout).toBe('from one process to the other')
  })

  test('SharedMemory.write() takes a whole slot, and gives none when all are in use', () => {
    const memory = createMemory()
    write(memory, Buffer.alloc(limits.sharedSlotBytes))
    let count = 1
    while (memory.write(Buffer.of(1)) !== undefined) count += 1
    expect((count + 1) * limits.sharedSlotBytes).toBeLessThanOrEqual(limits.sharedMemoryBytes)
    expect(memory.write(Buffer.of(1))).toBeUndefined()
  })

  test('SharedMemory.free() lets a slot be written again, the last freed first', () => {
    const memory = createMemory()
    const [first, second] = [write(memory, Buffer.of(1)), write(memory, Buffer.of(2))]
    memory.free(first)
    memory.free(second)
    expect(write(memory, Buffer.of(3)).offset).toBe(second.offset)
    expect(write(memory, Buffer.of(4)).offset).toBe(first.offset)
  })

  test('SharedMemory.write() gives no slot that the file system took only a part of', async () => {
    // A limit on the size of files stands in for a full /dev/shm: both cut a write short.
    const { stdout } = await run('bash', [
      '-c',
      'ulimit -f 1536 && exec "$0" "$1"',
      process.execPath,
      fixture('write-until-full.ts'),
    ])
    expect(JSON.parse(stdout)).toEqual([false, false, false])
  })

  test('SharedMemoryReader.canReach() knows the memory by its mark', () => {
    const { probe } = createMemory()
    expect(SharedMemoryReader.canReach(probe)).toBe(true)
    expect(SharedMemoryReader.canReach({ ...probe, mark: '00'.repeat(16) })).toBe(false)
    expect(SharedMemoryReader.canReach({ ...probe, mark: '' })).toBe(false)
    expect(SharedMemoryReader.canReach(createMemory().probe)).toBe(true)
  })

  test.each([
    ['a file that is not there', { fd: 1_000_000 }],
    ['a process that is not there', { pid: 2 ** 30 }],
    ['a pipe or a terminal', { fd: 1 }],
    ['a number that is no file', { fd: 2 ** 52 }],
  ])('SharedMemoryReader.canReach() of %s is false, and does not wait', (_, change) => {
    expect(SharedMemoryReader.canReach({ ...createMemory().probe, ...change })).toBe(false)
  })

  test('SharedMemoryReader.canReach() keeps nothing open', () => {
    const { probe } = createMemory()
    const before = openFiles()
    SharedMemoryReader.canReach(probe)
    SharedMemoryReader.canReach({ ...probe, mark: 'x' })
    expect(openFiles()).toBe(before)
  })

  test('SharedMemoryReader.close() lets go of what it read, so that memory of the dead is freed', () => {
    const slot = write(createMemory(), Buffer.of(1, 2, 3))
    const before = openFiles()
    const reader = new SharedMemoryReader()
    reader.read(slot, Buffer.alloc(3))
    reader.read(slot, Buffer.alloc(3))
    expect(openFiles()).toBe(before + 1)
    reader.close()
    reader.close()
    expect(openFiles()).toBe(before)
  })

  test('SharedMemoryReader.read() throws when the bytes are not all there', () => {
    const slot = write(createMemory(), Buffer.of(1, 2, 3))
    const reader = new SharedMemoryReader()
    expect(() => reader.read(slot, Buffer.alloc(4))).toThrow('Cannot read 4 bytes of shared memory: got 3')
    expect(() => reader.read({ ...slot, pid: 2 ** 30 }, Buffer.alloc(3))).toThrow('ENOENT')
    reader.close()
  })
})

test.runIf(process.platform !== 'linux')('SharedMemory.create() gives none elsewhere', () => {
  expect(SharedMemory.create()).toBeUndefined()
})
