/** `dialback run`: a script with workers. */

import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Command } from 'commander'
import { CommandError } from './command-error.ts'
import { isVerbose } from './command-line.ts'
import { needsTsx } from './needs-tsx.ts'
import { addWorkersOptions, type WorkersOptions, workersSpec } from './workers-options.ts'

interface RunOptions extends WorkersOptions {
  readonly tsx?: true
  readonly inspect?: true
  readonly inspectBrk?: true
  readonly inspectPort?: string
}

const examples = `
Examples:
  $ dialback run simulate.ts                      one local worker for each core
  $ dialback run simulate.ts -n 4                 four of them
  $ dialback run simulate.ts -n 4 -- --steps 100  what follows -- is for the script
  $ dialback run simulate.ts -n 8 --k8s --cpu 0.5 --memory 512Mi
                                                  eight pods
  $ dialback run simulate.ts --inspect-brk        stop before its first line, for a debugger

A script that calls addProcs() without arguments gets these workers; started by node alone, those that
DIALBACK_WORKERS, DIALBACK_K8S, DIALBACK_CPU and so on say, or one for each core.

Node runs TypeScript by leaving out its types. A script with more to it (enums, path aliases, decorators, imports
without an extension, JSX) is run by tsx instead.`

/** Makes the command. */
export function runCommand(): Command {
  const command = new Command('run')
    .description('run a script, JavaScript or TypeScript, with workers')
    .argument('<script>', 'the script')
    .argument('[args...]', 'arguments of the script, after --')
    .option('--tsx', 'run it by tsx, whatever it contains')
    .option('--inspect', "open Node's inspector for the script, as node --inspect does")
    .option('--inspect-brk', 'the same, and stop before its first line')
    .option(
      '--inspect-port <[host:]port>',
      "where the inspector listens, instead of 127.0.0.1:9229; '0' finds a port",
    )
    .addHelpText('after', examples)
    .showHelpAfterError('(what follows -- is for the script; dialback run --help says more)')
    .action(run)
  return addWorkersOptions(command, availableParallelism())
}

/** Becomes the script: its exit code, its signals and its terminal are then nobody else's. */
function run(script: string, args: readonly string[], options: RunOptions, command: Command): void {
  const path = resolve(script)
  if (!isFile(path)) command.error(`error: cannot find script '${script}'`)
  if (process.execve === undefined)
    throw new CommandError('Cannot run a script here: it needs a system with execve, which Windows is not')
  // As Node does: what is around a link has no say in how the script is run.
  const file = realpathSync(path)
  // Beside this file, as source in the workspace and as JavaScript in the package.
  const preload = new URL(`add-workers${extname(import.meta.url)}`, import.meta.url)
  preload.search = new URLSearchParams({
    workers: JSON.stringify(workersSpec(options, command)),
    script: file,
    ...(isVerbose(command) && { verbose: '1' }),
  }).toString()
  const isForTsx = options.tsx === true || needsTsx(file)
  const loader = isForTsx ? ['--import', tsxFor(file)] : []
  const env = isForTsx ? { ...tsconfigFor(file), ...tsxCache(), ...process.env } : process.env
  makeStreamsBlocking()
  process.execve(
    process.execPath,
    [process.execPath, ...inspectArguments(options), ...loader, '--import', preload.href, path, ...args],
    env,
  )
}

/**
 * Node makes pipes non-blocking, and takes that back when it ends, which this process does not. Others have them too: a shell that
 * reads its own input from one would fail, and so would what it runs next and writes to one.
 */
function makeStreamsBlocking(): void {
  for (const stream of [process.stdin, process.stdout, process.stderr]) {
    // Of Node's own, so without a type; a file has none.
    const handle = Reflect.get(stream, '_handle') as
      | { setBlocking?(isBlocking: boolean): void }
      | undefined
      | null
    handle?.setBlocking?.(true)
  }
}

/** Workers are not told of them: each would want the same port. */
function inspectArguments({ inspect, inspectBrk, inspectPort }: RunOptions): string[] {
  return [
    ...(inspectPort === undefined ? [] : [`--inspect-port=${inspectPort}`]),
    ...(inspectBrk ? ['--inspect-brk'] : inspect || inspectPort !== undefined ? ['--inspect'] : []),
  ]
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

/** Without a directory for its cache, as on a file system that can only be read, tsx would fail. */
function tsxCache(): { TSX_DISABLE_CACHE?: string } {
  try {
    accessSync(tmpdir(), constants.W_OK)
    return {}
  } catch {
    return { TSX_DISABLE_CACHE: '1' }
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
