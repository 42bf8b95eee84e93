/** `dialback attach`: comes back to a submitted script. */

import { Command } from 'commander'
import { findSubmission } from '../submit/find-submission.ts'
import { followToEnd } from './follow-command.ts'
import { addNamespaceOption, kubeApiFor, type NamespaceOptions } from './kube-options.ts'

const examples = `
Examples:
  $ dialback attach simulate-x7k2p

As if dialback submit had never been left: the log from its first line, the script's exit code, and Ctrl-C once to stop it,
twice to leave it running.`

/** Makes the command. */
export function attachCommand(): Command {
  return addNamespaceOption(
    new Command('attach').description('follow what dialback submit runs, and end with its exit code'),
  )
    .argument('<name>', 'the Job, as dialback ps lists it')
    .addHelpText('after', examples)
    .showHelpAfterError('(dialback attach --help says more)')
    .action(async (name: string, options: NamespaceOptions) => {
      await using api = await kubeApiFor(options)
      await findSubmission(api, api.namespace, name)
      process.exitCode = await followToEnd({ api, namespace: api.namespace, name })
    })
}
