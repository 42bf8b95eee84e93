/** `child_process.fork` and its IPC channel, values by structured clone (`serialization: 'advanced'`). */

import { type ChildProcess, fork } from 'node:child_process'
import { programPath } from '../../program-path.ts'
import { type AnswerMessage, PendingCalls } from '../calls.ts'
import { laneMaps } from '../lane-map.ts'
import type { Call, Pool } from '../pool.ts'

interface Fork {
  readonly child: ChildProcess
  readonly pending: PendingCalls
}

export async function startFork(n: number): Promise<Pool> {
  const forks = Array.from({ length: n }, forkWorker)
  const call: Call = (at, name, argument) => {
    const worker = forks[at]
    if (worker === undefined) throw new RangeError(`No worker ${at} of ${n}`)
    return worker.pending.call(name, argument, (message) => worker.child.send(message))
  }
  return {
    call,
    maps: laneMaps(call, n),
    async stop() {
      for (const { child } of forks) if (child.connected) child.disconnect()
    },
  }
}

function forkWorker(): Fork {
  const child = fork(programPath('fork-worker'), { serialization: 'advanced' })
  const pending = new PendingCalls()
  child.on('message', (message) => pending.settle(message as AnswerMessage))
  child.on('exit', (code, signal) => pending.rejectAll(`child exited: code ${code}, signal ${signal}`))
  return { child, pending }
}
