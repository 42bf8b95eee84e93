/**
 * Loaded by `dialback run` before the script: adds its workers. `?workers=` says which, `?script=` for whom.
 */

import { readFileSync } from 'node:fs'
import { createRequire, findPackageJSON } from 'node:module'
import { pathToFileURL } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import type { addProcs } from '../default-cluster.ts'
import { setCommandLineWorkers, type WorkersSpec } from '../default-workers.ts'
import { reportFailure } from './command-error.ts'

type Manager = { readonly addProcs: typeof addProcs }

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
  } catch (error) {
    process.exit(reportFailure(error, searchParams.has('verbose')))
  }
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
  if (packageJson === undefined) return true
  const { type } = JSON.parse(readFileSync(packageJson, 'utf8')) as { type?: unknown }
  return type !== 'module'
}

/** A process that the script forks is given the options in `execArgv`; it must not have workers because of them. */
function forgetThisFile(): void {
  const at = process.execArgv.indexOf(href)
  if (at > 0) process.execArgv.splice(at - 1, 2)
}
