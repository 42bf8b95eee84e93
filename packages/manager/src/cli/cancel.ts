/** `dialback cancel`: stops submitted scripts. */

import { Command } from 'commander'
import type { KubeApi } from '../kubernetes/kube-api.ts'
import { findSubmission, stopSubmission, tidySubmission, untilEnded } from '../submit/find-submission.ts'
import { managersOf, untilWorkersGone } from '../submit/workers-of.ts'
import { addNamespaceOption, kubeApiFor, type NamespaceOptions } from './kube-options.ts'

interface CancelOptions extends NamespaceOptions {
  readonly json?: true
}

interface Cancelled {
  readonly name: string
  /** False: it had ended already. */
  readonly isCancelled: boolean
}

const examples = `
Examples:
  $ dialback cancel simulate-x7k2p
  $ dialback cancel simulate-x7k2p census-b4d9t --json

The script is asked to end (SIGTERM) and gets 30 s for it; its workers go with it. The command ends when all of that is gone.`

/** Makes the command. */
export function cancelCommand(): Command {
  return addNamespaceOption(new Command('cancel').description('stop what dialback submit runs'))
    .argument('<names...>', 'the Jobs, as dialback ps lists them')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .showHelpAfterError('(dialback cancel --help says more)')
    .action(async (names: readonly string[], { json, ...options }: CancelOptions) => {
      await using api = await kubeApiFor(options)
      // All are there before any is stopped.
      const jobs = await Promise.all(
        names.map(async (name) => await findSubmission(api, api.namespace, name)),
      )
      const cancelled = await Promise.all(jobs.map(async (job) => await cancel(api, job)))
      if (json) console.log(JSON.stringify({ jobs: cancelled }, undefined, 2))
      else for (const one of cancelled) console.log(sentence(one))
    })
}

async function cancel(api: KubeApi, job: Awaited<ReturnType<typeof findSubmission>>): Promise<Cancelled> {
  const { name = '', namespace = '' } = job.metadata ?? {}
  // The Job's pods are gone once it has been stopped.
  const managers = await managersOf(api, job)
  const isCancelled = await stopSubmission(api, job)
  const ended = await untilEnded(api, job)
  if (ended !== undefined) await tidySubmission(api, ended)
  if (isCancelled) await untilWorkersGone(api, namespace, managers)
  return { name, isCancelled }
}

function sentence({ name, isCancelled }: Cancelled): string {
  return isCancelled ? `Job ${name} was stopped.` : `Job ${name} had ended already.`
}
