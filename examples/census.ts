/**
 * What is the JavaScript and TypeScript in node_modules made of?
 *
 * Parses every file of it on one worker and on all, and prints functions, imports and syntax features as a table.
 *
 *   npm start -- --workers 4
 *   dialback submit examples/census.ts --workers 4
 */

import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import {
  addProcs,
  everywhere,
  isK8s,
  nprocs,
  pmap,
  RemoteError,
  remoteCallFetch,
  WorkerPool,
  workers,
} from '@dialback/manager'
import { Command, InvalidArgumentError, Option } from 'commander'
import { inspect } from './census/inspect.ts'
import { type Census, joinCensuses, printReport } from './census/report.ts'
import { addFile, newTally, type Tally } from './census/tally.ts'

declare global {
  /** What a worker has found so far; each process has its own. */
  var tally: Tally
}

/** As pnpm lays it out: every package once; what is elsewhere are links to these. In a pod those of its image. */
const nodeModules = isK8s() ? '/node_modules' : join(dirname(import.meta.dirname), 'node_modules/.pnpm')

interface Options {
  readonly directory: string
  readonly workers: number
  readonly limit?: number
}

// Workers end with their manager, so there is nothing else to do.
process.once('SIGINT', () => process.exit(130))

const program = commandLine().parse()
const options = program.opts<Options>()
const files = findFiles(options)
if (files.length === 0) program.error(`error: no JavaScript or TypeScript in ${options.directory}`)
/** Those of the command line, as of dialback run and dialback submit. */
const given = nprocs() > 1 ? workers() : undefined
const n = given?.length ?? options.workers
console.error(`${files.length} files on ${n === 1 ? '1 worker' : `1 worker and on ${n}`}, after a warm-up`)
const ids = given ?? (await addProcs(n))
// A new process is slow, and busy compiling, until it has seen the work: the clock runs after that.
await Promise.all(ids.map((id) => remoteCallFetch(warmUp, id, files)))
const [half = [], otherHalf = []] = [0, 1].map((rest) => files.filter((_, i) => i % 2 === rest))
if (n === 1) {
  printReport([await takeCensus(files, ids)])
} else {
  // In the opposite order the second time: what else the machine does meanwhile then slows both down alike.
  const one = [await takeCensus(half, ids.slice(0, 1))]
  const all = [await takeCensus(half, ids), await takeCensus(otherHalf, ids)]
  one.push(await takeCensus(otherHalf, ids.slice(0, 1)))
  printReport([joinCensuses(one), joinCensuses(all)])
}

/** Parses files on workers, each of which begins with nothing. */
async function takeCensus(paths: readonly string[], on: readonly number[]): Promise<Census> {
  await everywhere({ tally: newTally() })
  const unparsed = new Map<string, string>()
  const startedAt = performance.now()
  await pmap(countFile, paths, {
    pool: new WorkerPool(on),
    batchSize: 'auto',
    progress: true,
    onError: (error, file) => {
      if (!(error instanceof RemoteError && error.cause instanceof SyntaxError)) throw error
      unparsed.set(file, error.cause.message)
    },
  })
  const seconds = (performance.now() - startedAt) / 1_000
  const shares = await Promise.all(
    on.map(async (id) => [id, await remoteCallFetch(() => tally, id)] as const),
  )
  return { shares: new Map(shares), unparsed, seconds }
}

/** Runs on a worker: adds one file to what that worker has found. */
function countFile(file: string): void {
  addFile(tally, inspect(file))
}

/** Runs on a worker: parses some files and forgets them. */
function warmUp(files: readonly string[]): void {
  for (const file of files) {
    try {
      inspect(file)
    } catch {
      // The census will tell.
    }
  }
}

/** The first `limit` files by name: the largest one after another would leave the workers more garbage to collect. */
function findFiles({ directory, limit }: Options): string[] {
  return globSync('**/*.{js,mjs,cjs,ts,mts,cts}', { cwd: directory, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .slice(0, limit)
}

function commandLine(): Command {
  return new Command('census')
    .description(
      'Parses JavaScript and TypeScript on workers, on one and on all, and prints what it is made of.',
    )
    .addOption(
      new Option('-d, --directory <path>', 'where the files are').default(nodeModules, 'node_modules here'),
    )
    .option('-w, --workers <n>', 'how many workers', atLeastOne, Math.max(2, availableParallelism()))
    .option('-l, --limit <n>', 'how many files at most', atLeastOne)
}

function atLeastOne(text: string): number {
  const n = Number(text)
  if (!Number.isSafeInteger(n) || n < 1)
    throw new InvalidArgumentError('It must be a whole number of at least 1.')
  return n
}
