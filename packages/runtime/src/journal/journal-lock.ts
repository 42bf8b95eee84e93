/**
 * Lets one process at a time have a journal. Each that wants it puts a file of its own beside it and then looks for others, so
 * that nothing is ever taken from somebody else: a process removes its own file, and those of processes that are known to be
 * dead, whose names never come again.
 *
 *     FILE.lock-asking-ID   wants it     FILE.lock-held-ID   has it
 *
 * Of several that ask at once the one with the lowest id gets it.
 */

import { randomUUID } from 'node:crypto'
import { readdir, readFile, rename, unlink, utimes, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { JournalError } from '@dialback/protocol'
import { describeHolder, judgeHolder, thisProcess } from './lock-holder.ts'

/** How often a holder says that it is alive. */
const beatMs = 5_000
/** After what silence one on another machine is taken for dead. */
const defaultSilenceMs = 30_000
/** How often another one's file is looked at while there is something to wait for. */
const lookMs = 100

export interface LockOptions {
  readonly warn: (text: string) => void
  /** Somebody else took this process for dead: it must not write any more. */
  readonly onLost: (error: JournalError) => void
  /** @default 30_000 */
  readonly silenceMs?: number
}

export class JournalLock implements AsyncDisposable {
  readonly #path: string
  readonly #timer: NodeJS.Timeout

  private constructor(journal: string, path: string, onLost: LockOptions['onLost']) {
    this.#path = path
    const beat = async (): Promise<void> => {
      try {
        const now = new Date()
        await utimes(path, now, now)
      } catch (cause) {
        clearInterval(this.#timer)
        const text = `Lost journal ${journal}: its lock is gone, so another process may have it now`
        onLost(new JournalError(journal, 'locked', text, { cause }))
      }
    }
    this.#timer = setInterval(() => void beat(), beatMs).unref()
  }

  /** @throws {JournalError} naming the process that has it. */
  static async acquire(
    journal: string,
    { warn, onLost, silenceMs = defaultSilenceMs }: LockOptions,
  ): Promise<JournalLock> {
    const id = `${String(Date.now()).padStart(15, '0')}-${randomUUID()}`
    const asking = `${journal}.lock-asking-${id}`
    const held = `${journal}.lock-held-${id}`
    try {
      // Under its name it is whole at once, wherever this process may end.
      const draft = `${journal}.lock-draft-${id}`
      await writeFile(draft, JSON.stringify(thisProcess()), { flag: 'wx' })
      await rename(draft, asking)
      for (const other of await othersOf(journal, id))
        await giveWayOrOutlive(journal, other, { id, warn, silenceMs })
      await rename(asking, held)
    } catch (error) {
      await removeIfThere(asking)
      if (error instanceof JournalError) throw error
      const reason = error instanceof Error ? error.message : String(error)
      throw new JournalError(journal, 'unwritable', `Cannot lock journal ${journal}: ${reason}`, {
        cause: error,
      })
    }
    return new JournalLock(journal, held, onLost)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await removeIfThere(this.#path)
  }
}

interface Asker {
  readonly id: string
  readonly silenceMs: number
  readonly warn: (text: string) => void
}

interface Other {
  readonly id: string
  readonly path: string
  readonly isHolder: boolean
}

async function othersOf(journal: string, ownId: string): Promise<Other[]> {
  const prefix = `${basename(journal)}.lock-`
  const names = (await readdir(dirname(journal))).filter((name) => name.startsWith(prefix))
  return names.flatMap((name) => {
    const [, state, id] = /^(asking|held)-(.+)$/.exec(name.slice(prefix.length)) ?? []
    if (id === undefined || id === ownId) return []
    return [{ id, path: join(dirname(journal), name), isHolder: state === 'held' }]
  })
}

/** Returns when the other one is gone or gives way itself. @throws {JournalError} when it is this process that has to. */
async function giveWayOrOutlive(journal: string, other: Other, asker: Asker): Promise<void> {
  const since = performance.now()
  let first: number | undefined
  for (;;) {
    const seen = await judgeHolder(other.path)
    if (seen.kind === 'gone') return await outliveSuccessor(journal, other, asker)
    if (seen.kind === 'dead') return await removeIfThere(other.path)
    if (first === undefined && seen.kind === 'unknown')
      asker.warn(await waitingText(journal, other.path, asker.silenceMs))
    first ??= seen.beatAt
    if (seen.kind === 'alive' || seen.beatAt !== first) {
      if (other.isHolder || other.id < asker.id) throw await lockedError(journal, other.path)
    } else if (performance.now() - since > asker.silenceMs) return await removeIfThere(other.path)
    await wait(lookMs)
  }
}

/** One that asked may have got it meanwhile, under its other name. */
async function outliveSuccessor(journal: string, { id }: Other, asker: Asker): Promise<void> {
  const successor = (await othersOf(journal, asker.id)).find((each) => each.id === id)
  if (successor !== undefined) await giveWayOrOutlive(journal, successor, asker)
}

async function waitingText(journal: string, lock: string, silenceMs: number): Promise<string> {
  const holder = describeHolder(await readFileOrNothing(lock))
  return `Journal ${journal}: ${holder} has it; waiting up to ${silenceMs / 1_000} s to see whether that is alive`
}

async function lockedError(journal: string, lock: string): Promise<JournalError> {
  const holder = describeHolder(await readFileOrNothing(lock))
  const text = `Cannot use journal ${journal}: ${holder} has it. One process at a time can; wait for it, or give another file`
  return new JournalError(journal, 'locked', text)
}

async function readFileOrNothing(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    // Gone in the meantime.
    return ''
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch {
    // Its owner has removed it, or somebody else who found that it is dead.
  }
}
