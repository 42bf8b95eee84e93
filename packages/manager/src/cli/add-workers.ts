/**
 * Loaded by `dialback run` before the script: adds its workers. `?workers=` says which, `?script=` for whom.
 */

import { readFileSync } from 'node:fs'
import { createRequire, findPackageJSON } from 'node:module'
import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import type { DialbackError } from '@dialback/protocol'
import type { addProcs } from '../default-cluster.ts'
import { setCommandLineWorkers, type WorkersSpec } from '../default-workers.ts'
import { exitCodes, reportFailure } from './command-error.ts'
import { errorText } from './error-text.ts'

interface Manager {
  readonly addProcs: typeof addProcs
  readonly DialbackError: typeof DialbackError
}

const { searchParams, href } = new URL(import.meta.url)

forgetThisFile()
// The script's own threads load this too.
if (isMainThread) {
  try {
    const manager = await managerOf(searchParams.get('script') ?? '')
    // The cast: it is what `run` has written.
    const spec = JSON.parse(searchParams.get('workers') ?? '{}') as WorkersSpec
    setCommandLineWorkers({ spec, started: undefined })
    setCommandLineWorkers({ spec, started: await manager.addProcs() })
    if (!searchParams.has('verbose')) tellBriefly(manager)
  } catch (error) {
    process.exit(reportFailure(error, searchParams.has('verbose')))
  }
}

/** What the script does not catch of ours is told as other commands tell it; anything else, and all else, is as Node has it. */
function tellBriefly({ DialbackError: Ours }: Manager): void {
  process.on('uncaughtExceptionMonitor', (error: unknown) => {
    if (process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback())
      return
    const text = errorText(error, (each) => each instanceof Ours)
    if (text === undefined) return
    process.stderr.write(`Uncaught ${text}\n(--verbose shows all that is known of it)\n`)
    // In the place of what Node writes.
    process.once('uncaughtException', () => process.exit(exitCodes.failure))
  })
}

/** The module that the script gets, whose workers are meant: its own copy where it has one, loaded in the script's way. */
async function managerOf(script: string): Promise<Manager> {
  const require = createRequire(script)
  let path: string
  try {
    path = require.resolve('@dialback/manager')
  } catch {
    return await import('../index.ts')
  }
  // To tsx, unlike Node, what is required and what is imported are two modules.
  if (isCommonJs(script)) return require(path) as Manager
  return (await import(pathToFileURL(path).href)) as Manager
}

function isCommonJs(script: string): boolean {
  if (/\.[cm][jt]s$/.test(script)) return /\.c[jt]s$/.test(script)
  const packageJson = findPackageJSON(pathToFileURL(script))
  // Where there is none up to the root, Node gives the script itself.
  if (packageJson === undefined || basename(packageJson) !== 'package.json') return true
  const { type } = JSON.parse(readFileSync(packageJson, 'utf8')) as { type?: unknown }
  return type !== 'module'
}

/** A process that the script forks is given the options in `execArgv`; it must not have workers because of them. */
function forgetThisFile(): void {
  const at = process.execArgv.indexOf(href)
  if (at > 0) process.execArgv.splice(at - 1, 2)
}
