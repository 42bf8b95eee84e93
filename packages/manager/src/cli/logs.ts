/** `dialback logs`: what a submitted script has written. */

import { Command } from 'commander'
import { findSubmission } from '../submit/find-submission.ts'
import { followSubmission } from '../submit/follow-submission.ts'
import { LineWriter } from '../submit/line-writer.ts'
import { printLogs } from '../submit/print-logs.ts'
import { tell } from './follow-command.ts'
import { addNamespaceOption, kubeApiFor, type NamespaceOptions } from './kube-options.ts'

interface LogsOptions extends NamespaceOptions {
  readonly follow?: true
}

const examples = `
Examples:
  $ dialback logs simulate-x7k2p       all that it has written so far
  $ dialback logs -f simulate-x7k2p    and what follows, to its end; Ctrl-C ends only this command

dialback attach ends with the script's exit code instead, and passes Ctrl-C on.`

/** Makes the command. */
export function logsCommand(): Command {
  return addNamespaceOption(new Command('logs').description('print the log of what dialback submit runs'))
    .argument('<name>', 'the Job, as dialback ps lists it')
    .option('-f, --follow', 'to its end')
    .addHelpText('after', examples)
    .showHelpAfterError('(dialback logs --help says more)')
    .action(async (name: string, { follow, ...options }: LogsOptions) => {
      await using api = await kubeApiFor(options)
      const { namespace } = api
      await findSubmission(api, namespace, name)
      const lines = new LineWriter(process.stdout)
      const { signal } = new AbortController()
      if (follow) await followSubmission({ api, namespace, name, lines, tell, signal })
      else await printLogs({ api, namespace, name, lines, tell, signal })
    })
}
