/** Asks the API server for as long as it takes it to answer: whoever follows a Job for days sees it being restarted. */

import { systemClock } from '@dialback/runtime'
import { KubeError } from '../kubernetes/kube-error.ts'
import { pause } from '../kubernetes/kube-retry.ts'

export interface Patience {
  /** Is told when it does not answer, and when it does again. */
  readonly tell: (sentence: string) => void
  readonly signal: AbortSignal
}

const againAfterMs = 2_000

/** @throws what waiting does not change; the reason of the signal. */
export async function patiently<T>(ask: () => Promise<T>, { tell, signal }: Patience): Promise<T> {
  for (let hasFailed = false; ; hasFailed = true) {
    try {
      const answer = await ask()
      if (hasFailed) tell('The API server answers again')
      return answer
    } catch (error) {
      if (!(error instanceof KubeError && passing.has(error.kind))) throw error
      if (!hasFailed) tell(`${error.message} (the Job goes on meanwhile)`)
      await pause(againAfterMs, { clock: systemClock, signal })
    }
  }
}

const passing: ReadonlySet<KubeError['kind']> = new Set(['unreachable', 'tooManyRequests', 'server'])
