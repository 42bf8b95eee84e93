/** `dialback ps`: what was submitted to the cluster, and how it is. */

import { Command } from 'commander'
import { listSubmissions } from '../submit/find-submission.ts'
import type { JobState } from '../submit/job-state.ts'
import { addNamespaceOption, kubeApiFor, type NamespaceOptions } from './kube-options.ts'

interface PsOptions extends NamespaceOptions {
  readonly allNamespaces?: true
  readonly json?: true
}

const examples = `
Examples:
  $ dialback ps
  $ dialback ps --all-namespaces --json

What has ended stays until the time to live of its Job is over (dialback submit --ttl).`

/** Makes the command. */
export function psCommand(): Command {
  return addNamespaceOption(new Command('ps').description('list what dialback submit runs in the cluster'))
    .option('--all-namespaces', 'all namespaces')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .showHelpAfterError('(dialback ps --help says more)')
    .action(async ({ allNamespaces, json, ...options }: PsOptions) => {
      await using api = await kubeApiFor(options)
      const jobs = await listSubmissions(api, allNamespaces ? '' : api.namespace)
      if (json) console.log(JSON.stringify({ jobs }, undefined, 2))
      else if (jobs.length > 0) console.log(table(jobs, allNamespaces === true))
      else
        console.log(`Nothing was submitted ${allNamespaces ? 'anywhere' : `to namespace ${api.namespace}`}.`)
    })
}

function table(jobs: readonly JobState[], isNamespaced: boolean): string {
  const rows = jobs.map((job) => [
    ...(isNamespaced ? [job.namespace] : []),
    job.name,
    job.status,
    job.exitCode === undefined ? '-' : String(job.exitCode),
    age(Date.now() - Date.parse(job.createdAt)),
    job.script,
    job.detail ?? '',
  ])
  const heads = ['NAME', 'STATUS', 'EXIT', 'AGE', 'SCRIPT', '']
  const all = [isNamespaced ? ['NAMESPACE', ...heads] : heads, ...rows]
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? []
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The two largest units would say more than anybody asks. */
function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`
  return seconds < 86_400 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`
}
