import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { JournalLock, type LockOptions } from '../src/journal/journal-lock.ts'
import { thisProcess } from '../src/journal/lock-holder.ts'

async function withJournal() {
  const directory = await mkdtemp(join(tmpdir(), 'dialback-test-'))
  const warnings: string[] = []
  const acquire = async (options: Partial<LockOptions> = {}): Promise<JournalLock> =>
    await JournalLock.acquire(join(directory, 'j'), {
      warn: (text) => warnings.push(text),
      onLost: () => {},
      ...options,
    })
  return {
    directory,
    warnings,
    acquire,
    /** Puts a lock there as another process would. */
    lockAs: async (holder: object, name = 'held-000000000000001-x'): Promise<string> => {
      const path = join(directory, `j.lock-${name}`)
      await writeFile(path, JSON.stringify({ ...thisProcess(), ...holder }))
      return path
    },
    [Symbol.asyncDispose]: async () => await rm(directory, { recursive: true }),
  }
}

test('JournalLock is for one at a time, and leaves nothing behind', async () => {
  await using journal = await withJournal()
  const first = await journal.acquire()

  await expect(journal.acquire()).rejects.toMatchObject({
    code: 'JOURNAL',
    problem: 'locked',
    message: expect.stringMatching(
      new RegExp(`^Cannot use journal .*/j: process ${process.pid} on \\S+ has it\\. `),
    ) as string,
  })

  await first[Symbol.asyncDispose]()
  const second = await journal.acquire()
  await second[Symbol.asyncDispose]()
  expect(await readdir(journal.directory)).toEqual([])
})

test('JournalLock is got by one of many that ask at once', async () => {
  await using journal = await withJournal()

  const asked = await Promise.allSettled(Array.from({ length: 8 }, async () => await journal.acquire()))

  expect(asked.filter(({ status }) => status === 'fulfilled').length).toBe(1)
})

test('JournalLock is taken from a process that has ended, at once', async () => {
  await using journal = await withJournal()
  const child = spawn(process.execPath, ['--eval', ''])
  await once(child, 'exit')
  await journal.lockAs({ pid: child.pid })
  // The process id of this one, but started at another time.
  await journal.lockAs({ startedAt: '1' }, 'held-000000000000002-x')

  const lock = await journal.acquire()

  expect(journal.warnings).toEqual([])
  expect((await readdir(journal.directory)).length).toBe(1)
  await lock[Symbol.asyncDispose]()
})

test('JournalLock is taken from a process elsewhere that has been silent for long, with a warning', async () => {
  await using journal = await withJournal()
  await journal.lockAs({ place: 'elsewhere', host: 'node-7', pid: 12 })

  const lock = await journal.acquire({ silenceMs: 1 })

  expect(journal.warnings.map((text) => text.replace(/\S+\/j/, 'j'))).toEqual([
    'Journal j: process 12 on node-7 has it; waiting up to 0.001 s to see whether that is alive',
  ])
  await lock[Symbol.asyncDispose]()
})

test('JournalLock is left to a process elsewhere that says that it is alive', async () => {
  await using journal = await withJournal()
  const path = await journal.lockAs({ place: 'elsewhere', host: 'node-7', pid: 12 })

  // It does so as soon as it is looked at.
  const asked = journal.acquire({ warn: () => void utimes(path, 5, 5) })

  await expect(asked).rejects.toMatchObject({ problem: 'locked' })
})
