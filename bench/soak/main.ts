/** `npm run soak`: calls workers for minutes while they are killed, and looks whether anything grows. */

import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster, ThreadReplacedError, WorkerTerminatedError } from '@dialback/manager'
import { Deaths } from './deaths.ts'
import { MemoryLog } from './memory-log.ts'
import { type Operation, operationsOf } from './operations.ts'
import { parseSoakOptions, type SoakOptions, usage } from './options.ts'

const sampleMs = 30_000
/** Nothing takes as long: an operation that does has not settled. */
const settleLimitMs = 240_000
/** After more problems than this it gives up. */
const tolerated = 10

const options = parseSoakOptions(process.argv.slice(2))
if (options.isHelpWanted) process.stdout.write(usage)
else process.exitCode = (await soak(options)) ? 0 : 1

/** Whether all was well. */
async function soak({ minutes, calls, deaths }: SoakOptions): Promise<boolean> {
  const quiet = { debug() {}, info() {}, warn() {}, error: (line: string) => console.log(line) }
  await using cluster = new Cluster({ logger: quiet, onWorkerLog: () => {} })
  const veterans = await cluster.addProcs(2)
  await cluster.addProcs(6)
  const dying = new Deaths({ cluster, veterans, deaths, spreadMs: minutes * 60_000 })
  const memory = await MemoryLog.of(cluster, veterans[0] ?? 0)
  const startedAt = performance.now()
  const problems: string[] = []
  const report = (problem: string): void => {
    problems.push(problem)
    console.log(problem)
  }
  let made = 0
  let lost = 0
  let isDying = true
  let isStopped = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      isStopped = true
    })
  const isOver = (): boolean =>
    isStopped ||
    problems.length > tolerated ||
    (!isDying && made >= calls && performance.now() - startedAt >= minutes * 60_000)
  const dead = dying
    .run(
      () => isStopped || problems.length > tolerated,
      (error) => report(String(error)),
    )
    .finally(() => {
      isDying = false
    })
  const sampler = sampleWhile(
    () => !isOver(),
    async () => {
      await memory.sample(`${made} calls, ${lost} operations lost, ${dying.count} deaths`)
    },
  )
  const loops = operationsOf(cluster).map(async (operation) => {
    while (!isOver()) {
      // Spread over the time that there is.
      const share = Math.min(1, (performance.now() - startedAt) / (minutes * 60_000))
      if (made > calls * share + 2_000 && share < 1) {
        await sleep(20)
        continue
      }
      const outcome = await outcomeOf(operation)
      made += operation.calls
      if (outcome === 'lost') lost += 1
      else if (outcome !== 'right') report(outcome)
    }
  })
  await Promise.all([...loops, dead, sampler])
  if (cluster.peer.pendingCount > 0) report(`${cluster.peer.pendingCount} calls still wait for an answer`)
  for (const grown of memory.growth()) report(grown)
  const seconds = Math.round((performance.now() - startedAt) / 1_000)
  console.log(`${made} calls and ${dying.count} deaths in ${seconds} s: ${problems.length} problems`)
  return problems.length === 0
}

async function sampleWhile(goesOn: () => boolean, sample: () => Promise<void>): Promise<void> {
  while (goesOn()) {
    await sample()
    for (let waited = 0; waited < sampleMs && goesOn(); waited += 200) await sleep(200)
  }
  await sample()
}

async function outcomeOf({ name, run }: Operation): Promise<string> {
  const timer = new AbortController()
  const limit = sleep(settleLimitMs, `${name} did not settle`, { signal: timer.signal }).catch(
    () => 'stopped',
  )
  try {
    return await Promise.race([
      run().then((isRight) => (isRight ? 'right' : `${name} gave something wrong`)),
      limit,
    ])
  } catch (error) {
    return isLoss(error) ? 'lost' : `${name}: ${String(error)}`
  } finally {
    timer.abort()
  }
}

/** Whether it comes down to a worker that went away, or to a thread that was replaced. */
function isLoss(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isLoss)
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof WorkerTerminatedError || cause instanceof ThreadReplacedError) return true
  return false
}
