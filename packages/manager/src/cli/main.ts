#!/usr/bin/env node
/** The command `dialback`. */

import { commandLine, runCommandLine } from './command-line.ts'
import { completionCommand } from './completion.ts'
import { runCommand } from './run.ts'

const program = commandLine([runCommand(), completionCommand(() => program)])

await runCommandLine(program)
