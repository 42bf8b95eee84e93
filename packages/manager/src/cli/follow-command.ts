/** What `submit` and `attach` have in common: they follow a Job, and Ctrl-C goes there. */

import { setTimeout as delay } from 'node:timers/promises'
import type { V1Job, V1Pod } from '@kubernetes/client-node'
import type { KubeApi } from '../kubernetes/kube-api.ts'
import {
  findSubmission,
  NoSubmissionError,
  stopSubmission,
  tidySubmission,
} from '../submit/find-submission.ts'
import { followSubmission } from '../submit/follow-submission.ts'
import { LineWriter } from '../submit/line-writer.ts'
import type { SubmissionEnd } from '../submit/submission-end.ts'
import { onSignal, signalCode } from './signalled.ts'

export interface FollowedJob {
  readonly api: KubeApi
  readonly namespace: string
  readonly name: string
  readonly started?: (pod: V1Pod, signal: AbortSignal) => Promise<void>
}

/** Within which a second Ctrl-C leaves the Job alone. */
const secondThoughtsMs = 2_000
/** 128 and the number of SIGINT, as shells show it. */
const interruptedCode = 130

/** Somebody wants to leave the Job alone. */
class LeftError extends Error {
  override readonly name = 'LeftError'
  readonly exitCode: number

  constructor(exitCode: number) {
    super('The Job is left alone')
    this.exitCode = exitCode
  }
}

/**
 * Follows it to its end and gives the exit code: the script's own, or 130 after Ctrl-C, which once stops the Job, and twice
 * leaves it running, as do SIGTERM and SIGHUP with their codes.
 *
 * @throws {CannotStartError} when its pod never will run.
 */
export async function followToEnd(job: FollowedJob): Promise<number> {
  const { api, namespace, name } = job
  const leaving = new AbortController()
  const leave = (exitCode: number): void => leaving.abort(new LeftError(exitCode))
  using interrupts = new Interrupts(job, () => leave(interruptedCode))
  using _ = onSignal(['SIGTERM', 'SIGHUP'], (name) => leave(signalCode(name)))
  try {
    const end = await followSubmission({
      ...job,
      lines: new LineWriter(process.stdout),
      tell,
      signal: leaving.signal,
    })
    const ended = await jobIfThere(api, namespace, name)
    if (ended !== undefined) await tidySubmission(api, ended)
    tellEnd(end)
    return interrupts.isStopping ? interruptedCode : end.exitCode
  } catch (error) {
    if (!(error instanceof LeftError)) throw error
    tell(howToComeBack(interrupts.isStopping ? 'is being stopped' : 'goes on running', job))
    return error.exitCode
  }
}

/** What a command has to say beside the log. */
export function tell(sentence: string): void {
  process.stderr.write(`dialback: ${sentence}\n`)
}

export function howToComeBack(what: string, { namespace, name }: FollowedJob): string {
  const where = ` --namespace ${namespace}`
  return `Job ${name} ${what}; dialback attach ${name}${where} comes back to it, dialback cancel ${name}${where} stops it`
}

function tellEnd({ sentence }: SubmissionEnd): void {
  if (sentence !== undefined) tell(sentence)
}

async function jobIfThere(api: KubeApi, namespace: string, name: string): Promise<V1Job | undefined> {
  try {
    return await findSubmission(api, namespace, name)
  } catch (error) {
    if (error instanceof NoSubmissionError) return undefined
    throw error
  }
}

/** Ctrl-C: once stops the Job, with a moment for second thoughts; twice leaves it alone. */
class Interrupts implements Disposable {
  readonly #job: FollowedJob
  readonly #leave: () => void
  #thinking: AbortController | undefined
  #isStopping = false

  constructor(job: FollowedJob, leave: () => void) {
    this.#job = job
    this.#leave = leave
    process.on('SIGINT', this.#interrupted)
  }

  /** Whether the Job's end was asked for. */
  get isStopping(): boolean {
    return this.#isStopping
  }

  [Symbol.dispose](): void {
    process.off('SIGINT', this.#interrupted)
    this.#thinking?.abort()
  }

  readonly #interrupted = (): void => {
    if (this.#thinking !== undefined) {
      this.#thinking.abort()
      this.#leave()
      return
    }
    this.#thinking = new AbortController()
    tell(`Stopping Job ${this.#job.name} in ${secondThoughtsMs / 1_000} s; Ctrl-C again leaves it running`)
    void this.#stop(this.#thinking.signal)
  }

  async #stop(signal: AbortSignal): Promise<void> {
    const { api, namespace, name } = this.#job
    try {
      await delay(secondThoughtsMs, undefined, { signal })
      this.#isStopping = true
      const job = await jobIfThere(api, namespace, name)
      if (job !== undefined) await stopSubmission(api, job)
    } catch (error) {
      if (signal.aborted) return
      // It goes on, and may be stopped later.
      this.#isStopping = false
      this.#thinking = undefined
      tell(`Cannot stop it: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}
