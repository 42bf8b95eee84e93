/** The manners that all commands share: help, errors, exit codes, `--verbose`. */

import { readFileSync } from 'node:fs'
import { styleText } from 'node:util'
import { Command } from 'commander'
import { exitCodes, reportFailure } from './command-error.ts'

const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

/** Of this package. */
export const version: string = (manifest as { version: string }).version

const examples = `
Examples:
  $ dialback run simulate.ts -n 4 -- --steps 1000
  $ dialback repl -n 3
  $ dialback doctor
  $ dialback submit simulate.ts -n 8 -- --steps 1000
  $ dialback completion bash >> ~/.bashrc`

/** Makes the program of its commands. */
export function commandLine(commands: readonly Command[]): Command {
  const program = new Command('dialback')
    .description('pmap, remoteCall and everywhere for Node, over workers that dial back')
    .version(version)
    .option('--verbose', 'show stack traces and causes of errors')
    .addHelpText('after', examples)
    .showHelpAfterError('(dialback --help says more)')
  for (const command of commands) program.addCommand(command)
  setManners(program)
  return program
}

/** Runs what the arguments say; ends the process only where it failed, so that a command may leave things running. */
export async function runCommandLine(
  program: Command,
  argv: readonly string[] = process.argv,
): Promise<void> {
  endWhenUnwritten()
  forgetEmptyVariables(program)
  try {
    await program.parseAsync(argv)
  } catch (error) {
    const code = reportFailure(error, isVerbose(program))
    if (code !== exitCodes.ok) process.exit(code)
  }
}

/**
 * Whoever reads the output has gone, as `head` does: that ends a command quietly, and like a closed terminal where it has to tidy up. A
 * disk that is full does so too, and is told of.
 */
function endWhenUnwritten(): void {
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    const isUnread = error.code === 'EPIPE'
    const code = isUnread ? exitCodes.unread : exitCodes.failure
    // However it goes on to its end.
    process.once('exit', () => {
      process.exitCode = code
    })
    // What is written until then fails as well.
    process.stdout.on('error', () => {})
    if (!isUnread) process.stderr.write(`error: Cannot write to standard output: ${error.message}\n`)
    if (process.listenerCount('SIGHUP') > 0) process.emit('SIGHUP', 'SIGHUP')
    else process.exit(code)
  })
  // That nobody hears what there is to say beside the output is no reason to end that.
  process.stderr.on('error', () => {})
}

/** As where a script reads them: a variable that is empty says nothing. */
function forgetEmptyVariables({ commands, options }: Command): void {
  for (const { envVar } of options)
    if (envVar !== undefined && process.env[envVar] === '') Reflect.deleteProperty(process.env, envVar)
  for (const child of commands) forgetEmptyVariables(child)
}

/** Whether the user asked for all that is known of an error. */
export function isVerbose(command: Command): boolean {
  return command.optsWithGlobals<{ verbose?: boolean }>().verbose === true
}

/** `addCommand` hands nothing down. Colours are left out by commander where there is no terminal, or `NO_COLOR` is set. */
function setManners(command: Command): void {
  command
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, styleTitle: (title) => styleText('bold', title) })
  for (const child of command.commands) setManners(child)
}
