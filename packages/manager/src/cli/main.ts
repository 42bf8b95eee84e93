#!/usr/bin/env node
/** The command `dialback`. */

import { commandLine, runCommandLine, version } from './command-line.ts'
import { completionCommand } from './completion.ts'
import { doctorCommand } from './doctor.ts'
import { gcCommand } from './gc.ts'
import { manifestsCommand } from './manifests.ts'
import { replCommand } from './repl.ts'
import { runCommand } from './run.ts'

const program = commandLine([
  runCommand(),
  replCommand(version),
  manifestsCommand(`localhost/dialback-manager:${version}`),
  doctorCommand(),
  gcCommand(),
  completionCommand(() => program),
])

await runCommandLine(program)
