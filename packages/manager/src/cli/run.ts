/** `dialback run`: a script with workers. */

import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import { CommandError } from './command-error.ts'
import { isVerbose } from './command-line.ts'
import { needsTsx } from './needs-tsx.ts'

interface RunOptions {
  readonly workers: number
  readonly tsx?: true
}

const examples = `
Examples:
  $ dialback run simulate.ts                      one local worker for each core
  $ dialback run simulate.ts -n 4                 four of them
  $ dialback run simulate.ts -n 4 -- --steps 100  what follows -- is for the script

Node runs TypeScript by leaving out its types. A script with more to it (enums, path aliases, decorators, imports
without an extension, JSX) is run by tsx instead.`

/** Makes the command. */
export function runCommand(): Command {
  return new Command('run')
    .description('run a script, JavaScript or TypeScript, with workers')
    .argument('<script>', 'the script')
    .argument('[args...]', 'arguments of the script, after --')
    .option(
      '-n, --workers <n>',
      'how many local workers are there before its first line runs',
      wholeNumber,
      availableParallelism(),
    )
    .option('--tsx', 'run it by tsx, whatever it contains')
    .addHelpText('after', examples)
    .showHelpAfterError('(what follows -- is for the script; dialback run --help says more)')
    .action(run)
}

/** Becomes the script: its exit code, its signals and its terminal are then nobody else's. */
function run(script: string, args: readonly string[], options: RunOptions, command: Command): void {
  const path = resolve(script)
  if (!isFile(path)) command.error(`error: cannot find script '${script}'`)
  if (process.execve === undefined)
    throw new CommandError('Cannot run a script here: it needs a system with execve, which Windows is not')
  // Beside this file, as source in the workspace and as JavaScript in the package.
  const preload = new URL(`add-workers${extname(import.meta.url)}`, import.meta.url)
  preload.search = new URLSearchParams({
    workers: String(options.workers),
    script: path,
    ...(isVerbose(command) && { verbose: '1' }),
  }).toString()
  const isForTsx = options.tsx === true || needsTsx(path)
  const loader = isForTsx ? ['--import', tsxFor(path)] : []
  const env = isForTsx ? { ...tsconfigFor(path), ...process.env } : process.env
  process.execve(
    process.execPath,
    [process.execPath, ...loader, '--import', preload.href, path, ...args],
    env,
  )
}

/** The script's own tsx, else ours. */
function tsxFor(script: string): string {
  try {
    return pathToFileURL(createRequire(script).resolve('tsx')).href
  } catch {
    return import.meta.resolve('tsx')
  }
}

/** The tsconfig.json nearest to the script: tsx by itself looks in the current directory only. */
function tsconfigFor(script: string): { TSX_TSCONFIG_PATH?: string } {
  for (let directory = dirname(script); ; directory = dirname(directory)) {
    const path = join(directory, 'tsconfig.json')
    if (isFile(path)) return { TSX_TSCONFIG_PATH: path }
    if (directory === dirname(directory)) return {}
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number of at least 0.')
}
