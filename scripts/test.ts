/**
 * Runs all checks and all tests, many of them with the newest Node too; with arguments, which are vitest's, only the tests
 * that they choose.
 * The last line is `N passed, N failed`, and `, N skipped` if any were. A failed check counts as a failed test, and so
 * does a process that the tests left running.
 */

import { randomUUID } from 'node:crypto'
import { parseCLI, startVitest, type Vitest } from 'vitest/node'
import { processesLeft, processesOf } from '../test/support/processes.ts'
import { check } from './check.ts'
import { type Counts, testOnNewestNode } from './test-on-newest-node.ts'

const args = process.argv.slice(2)
const failedChecks = args.length === 0 ? await check() : []

if (process.env['KUBECONFIG'] === undefined)
  console.log(
    'The tests on Kubernetes are skipped: KUBECONFIG names no cluster (npm run cluster:up makes one)',
  )

const runVariable = 'DIALBACK_TEST_RUN'
const run = randomUUID()
process.env[runVariable] = run
// However this ends: vitest kills its own processes, which cannot then end those that they have started.
process.on('exit', () => {
  for (const { pid } of processesOf(run, runVariable)) kill(pid)
})

const { filter, options } = parseCLI(['vitest', 'run', ...args])
const vitest = await startVitest(filter, options)
const { passed, failed, skipped } = count(vitest)
const left = await processesLeft(run, 3_000, runVariable)
for (const { pid, commandLine } of left) console.log(`Left running: ${pid} ${commandLine}`)
for (const line of runAgain(vitest)) console.log(line)
if (failedChecks.length > 0) console.log(`Failed checks: ${failedChecks.join(', ')}`)
const again = args.length === 0 ? await testOnNewestNode() : { passed: 0, failed: 0, skipped: 0 }
const allFailed = failed + failedChecks.length + left.length + again.failed
const allSkipped = skipped + again.skipped
console.log(
  `\n${passed + again.passed} passed, ${allFailed} failed${allSkipped > 0 ? `, ${allSkipped} skipped` : ''}`,
)
process.exit(allFailed === 0 ? Number(process.exitCode ?? 0) : 1)

/** Counts tests; what failed outside of any, such as a file that does not load, is one failure each. */
function count({ state }: Vitest): Counts {
  const result: Counts = { passed: 0, failed: state.getUnhandledErrors().length, skipped: 0 }
  for (const module of state.getTestModules()) {
    result.failed += module.errors().length
    for (const suite of module.children.allSuites()) result.failed += suite.errors().length
    for (const test of module.children.allTests()) {
      const { state: outcome } = test.result()
      result[outcome === 'pending' ? 'failed' : outcome] += 1
    }
  }
  return result
}

/** Tests that passed only when they were run again, and what was wrong the first time: it may be a fault that is rare. */
function runAgain({ state }: Vitest): string[] {
  return state
    .getTestModules()
    .flatMap((module) => [...module.children.allTests('passed')])
    .filter((test) => (test.diagnostic()?.retryCount ?? 0) > 0)
    .map((test) => `Passed when run again: ${test.fullName}\n${test.result().errors?.[0]?.message ?? ''}`)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just ended by itself.
  }
}
