#!/usr/bin/env node
/** The command `dialback`. */

import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { runCommand } from './run.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const program = new Command('dialback')
  .description('pmap, remoteCall and everywhere for Node, over workers that dial back')
  .version(version)
  .showHelpAfterError('(dialback --help says more)')
  .addCommand(runCommand())
  .addHelpText('after', '\nExample:\n  $ dialback run simulate.ts -n 4 -- --steps 1000')

await program.parseAsync()
