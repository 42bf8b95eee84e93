#!/usr/bin/env node
/** The command `dialback`. */

import { attachCommand } from './attach.ts'
import { cancelCommand } from './cancel.ts'
import { commandLine, runCommandLine, version } from './command-line.ts'
import { completionCommand } from './completion.ts'
import { doctorCommand } from './doctor.ts'
import { gcCommand } from './gc.ts'
import { logsCommand } from './logs.ts'
import { manifestsCommand } from './manifests.ts'
import { psCommand } from './ps.ts'
import { replCommand } from './repl.ts'
import { runCommand } from './run.ts'
import { submitCommand } from './submit.ts'

const managerImage = `localhost/dialback-manager:${version}`
const program = commandLine([
  runCommand(),
  replCommand(version),
  doctorCommand(),
  submitCommand(managerImage),
  psCommand(),
  logsCommand(),
  attachCommand(),
  cancelCommand(),
  manifestsCommand(managerImage),
  gcCommand(),
  completionCommand(() => program),
])

await runCommandLine(program)
