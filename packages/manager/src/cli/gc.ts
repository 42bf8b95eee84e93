/** `dialback gc`: what managers that are gone have left in the cluster. */

import { Command } from 'commander'
import type { KubeApi } from '../kubernetes/kube-api.ts'
import { KubeError } from '../kubernetes/kube-error.ts'
import { type Leftover, leftovers, managerPods } from '../kubernetes/leftovers.ts'
import { componentLabel } from '../kubernetes/pod-labels.ts'
import { relayComponent } from '../kubernetes/relay-job.ts'
import { submissionSelector } from '../submit/submission-job.ts'
import { CommandError } from './command-error.ts'
import { addNamespaceOption, kubeApiFor, type NamespaceOptions } from './kube-options.ts'

interface GcOptions extends NamespaceOptions {
  readonly allNamespaces?: true
  readonly dryRun?: true
  readonly json?: true
}

const examples = `
Examples:
  $ dialback gc --dry-run            what is there, of the current namespace
  $ dialback gc                      remove it
  $ dialback gc --all-namespaces --json

It removes workers, relays and Secrets whose manager has ended or is gone, and Jobs that dialback submit began to make more
than ten minutes ago and never finished. What belongs to a manager that is alive it leaves alone; one
outside of the cluster that was killed counts as that for half a minute. Kubernetes removes most of
these by itself, only later.`

const ours = 'app.kubernetes.io/managed-by=dialback'

/** Makes the command. */
export function gcCommand(): Command {
  const command = new Command('gc')
    .description('list and remove what dead managers left behind in the cluster')
    .option('--all-namespaces', 'all namespaces')
    .option('--dry-run', 'list only')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .showHelpAfterError('(dialback gc --help says more)')
    .action(gc)
  return addNamespaceOption(command)
}

async function gc(options: GcOptions): Promise<void> {
  const { allNamespaces, dryRun, json } = options
  await using api = await kubeApiFor(options)
  const found = await find(api, allNamespaces ? '' : api.namespace)
  if (!dryRun) await removeAll(api, found)
  if (json) console.log(JSON.stringify({ isRemoved: !dryRun, leftovers: found }, undefined, 2))
  else print(found, dryRun ? 'would be removed' : 'removed', allNamespaces ? undefined : api.namespace)
}

/** @param namespace empty: all */
async function find(api: KubeApi, namespace: string): Promise<Leftover[]> {
  const secrets = await api.listSecrets(namespace, { labelSelector: ours })
  const { items: pods } = await api.listPods(namespace, {
    labelSelector: `${ours},${componentLabel}!=${relayComponent}`,
  })
  // Behind what they own: the Job of a manager that starts meanwhile would seem to be gone.
  const [jobs, relayPods, submissions] = await Promise.all([
    api.listJobs(namespace, { labelSelector: `${ours},${componentLabel}=${relayComponent}` }),
    api.listPods(namespace, { labelSelector: `${componentLabel}=${relayComponent}` }),
    api.listJobs(namespace, { labelSelector: submissionSelector }),
  ])
  const managers = await Promise.all(
    managerPods([...pods, ...secrets]).map(async (pod) => {
      try {
        return [await api.getPod(pod.namespace, pod.name)]
      } catch (error) {
        if (error instanceof KubeError && error.kind === 'notFound') return []
        throw error
      }
    }),
  )
  const byUid = new Map(managers.flat().map((pod) => [pod.metadata?.uid ?? '', pod]))
  return leftovers({
    jobs,
    submissions,
    pods,
    relayPods: relayPods.items,
    secrets,
    managers: byUid,
    now: Date.now(),
  })
}

/** All are attempted. @throws {CommandError} that tells how many could not be removed, and why. */
async function removeAll(api: KubeApi, found: readonly Leftover[]): Promise<void> {
  const refusals: unknown[] = []
  await Promise.all(
    found.map(async (one) => {
      try {
        await remove(api, one)
      } catch (error) {
        refusals.push(error)
      }
    }),
  )
  if (refusals.length === 0) return
  const [cause] = refusals
  const why = cause instanceof Error ? cause.message : String(cause)
  throw new CommandError(`${refusals.length} of ${found.length} objects could not be removed: ${why}`, {
    cause,
  })
}

async function remove(api: KubeApi, { kind, namespace, name, uid }: Leftover): Promise<void> {
  switch (kind) {
    case 'Job':
      await api.deleteJob(namespace, name, { uid })
      return
    case 'Pod':
      await api.deletePod(namespace, name, { uid })
      return
    case 'Secret':
      await api.deleteSecret(namespace, name)
  }
}

function print(found: readonly Leftover[], done: string, namespace: string | undefined): void {
  const where = namespace === undefined ? 'in any namespace' : `in namespace ${namespace}`
  if (found.length === 0) {
    console.log(`Nothing is left behind ${where}.`)
    return
  }
  for (const one of found) {
    const place = namespace === undefined ? `${one.namespace}/` : ''
    console.log(`${one.kind.padEnd(6)} ${place}${one.name}  ${one.createdAt}  ${one.why}`)
  }
  console.log(`${found.length} ${found.length === 1 ? 'object' : 'objects'} ${done}.`)
}
