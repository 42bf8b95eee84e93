/** `dialback submit`: a script as a Job in the cluster, its manager there too. */

import { randomInt } from 'node:crypto'
import { statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { Command } from 'commander'
import { dump } from 'js-yaml'
import type { KubeApi } from '../kubernetes/kube-api.ts'
import { KubeError } from '../kubernetes/kube-error.ts'
import { legalPrefix, podNames } from '../kubernetes/pod-names.ts'
import { listOf, recordOf } from '../kubernetes/untyped.ts'
import {
  createSubmission,
  fitsConfigMap,
  type Submission,
  submissionManifests,
} from '../submit/create-submission.ts'
import { deliverProgram } from '../submit/deliver-program.ts'
import { CannotStartError, followSubmission } from '../submit/follow-submission.ts'
import { LineWriter } from '../submit/line-writer.ts'
import { type PackedProgram, packProgram } from '../submit/pack-program.ts'
import { programFiles } from '../submit/program-files.ts'
import { CommandError } from './command-error.ts'
import { type FollowedJob, followToEnd, howToComeBack, tell } from './follow-command.ts'
import { kubeApiFor } from './kube-options.ts'
import { managerAccount } from './rbac-manifest.ts'
import { endingSignals, onSignal, signalCode } from './signalled.ts'
import { addSubmitOptions, type SubmitOptions } from './submit-options.ts'

const examples = `
Examples:
  $ dialback submit simulate.ts --workers 8 --worker-cpu 2 --worker-memory 4Gi
  $ dialback submit simulate.ts --workers 8 -- --steps 1000   what follows -- is for the script
  $ dialback submit simulate.ts --env-secret database --ttl 24h --backoff-limit 2
  $ dialback submit simulate.ts --detach                      print its name and leave it
  $ dialback submit main.ts --image registry.example/me:1 --in-image
                                                              it is in the image already
  $ dialback submit simulate.ts --dry-run | kubectl create -f -

The script and what it imports, packages too, go into the cluster, where dialback run starts it with its workers. Its log
is shown from the first line to the last, and its exit code is that of the command. Ctrl-C stops it, twice leaves it
running; dialback ps, logs, attach and cancel look after it then.`

/** Makes the command. @param image the manager image of this version */
export function submitCommand(image: string): Command {
  const command = new Command('submit')
    .description('run a script as a Job in the cluster, with its manager there; follow its log')
    .argument('<script>', 'the script')
    .argument('[args...]', 'arguments of the script, after --')
    .addHelpText('after', examples)
    .showHelpAfterError('(what follows -- is for the script; dialback submit --help says more)')
    .action(submit)
  return addSubmitOptions(command, image)
}

async function submit(
  script: string,
  args: readonly string[],
  options: SubmitOptions,
  command: Command,
): Promise<void> {
  if (!options.inImage && !statSync(resolve(script), { throwIfNoEntry: false })?.isFile())
    command.error(`error: cannot find script '${script}'`)
  const packed = options.inImage ? undefined : await pack(script, options)
  if (options.dryRun) {
    const namespace = options.namespace ?? (await kubeApiFor(options)).namespace
    console.log(manifestText(submissionOf({ script, args, packed, namespace }, options)))
    return
  }
  await using api = await kubeApiFor(options)
  const { namespace } = api
  process.exitCode = await run(api, submissionOf({ script, args, packed, namespace }, options), options)
}

async function pack(script: string, { include = [] }: SubmitOptions): Promise<PackedProgram> {
  try {
    return await packProgram(await programFiles(resolve(script), include), process.cwd())
  } catch (cause) {
    throw new CommandError(`Cannot bundle ${script}: ${why(cause)}`, { cause })
  }
}

/** The first thing that is wrong, with its place if esbuild has found it. */
function why(error: unknown): string {
  const [first] = listOf(error instanceof Error && 'errors' in error ? error.errors : [])
  const { text, location } = recordOf(first) ?? {}
  if (typeof text !== 'string') return error instanceof Error ? error.message : String(error)
  const { file, line, column } = recordOf(location) ?? {}
  return typeof file === 'string' ? `${file}:${Number(line)}:${Number(column)}: ${text}` : text
}

type Given = Pick<Submission, 'script' | 'args' | 'packed' | 'namespace'>

function submissionOf(given: Given, options: SubmitOptions): Submission {
  const { image, cpu, memory, workers, workerCpu, workerMemory, ttl, backoffLimit } = options
  const prefix = legalPrefix(basename(given.script).replace(/\.[^.]*$/, '')).slice(0, 40)
  const [name = prefix] = podNames(prefix, 1, (below) => randomInt(below))
  return {
    ...given,
    name: options.name ?? name,
    image,
    cpu,
    memory,
    workers: { count: workers, cpu: workerCpu, memory: workerMemory },
    env: [...(options.env ?? []), ...(options.secretEnv ?? [])],
    envSecrets: options.envSecret ?? [],
    serviceAccountName: options.serviceAccount,
    ttlSeconds: ttl,
    backoffLimit,
  }
}

/** Gives the exit code. */
async function run(api: KubeApi, submission: Submission, { detach }: SubmitOptions): Promise<number> {
  const { namespace, name, packed } = submission
  const signal = await signalDuring(create(api, submission))
  if (signal !== undefined) {
    await api.deleteJob(namespace, name)
    return signalCode(signal)
  }
  const isBrought = packed !== undefined && !fitsConfigMap(packed)
  const job: FollowedJob = {
    api,
    namespace,
    name,
    ...(isBrought && {
      started: async (pod, signal) => await deliverProgram(pod, { api, bytes: packed.bytes, tell, signal }),
    }),
  }
  try {
    if (!detach) {
      tell(`Job ${name} in namespace ${namespace}`)
      return await followToEnd(job)
    }
    // Nobody else has the program.
    if (isBrought) await bring(job)
  } catch (error) {
    // It would wait for ever.
    if (error instanceof CannotStartError) await api.deleteJob(namespace, name)
    throw error
  }
  console.log(name)
  tell(howToComeBack('runs', job))
  return 0
}

async function create(api: KubeApi, submission: Submission): Promise<void> {
  try {
    await createSubmission(api, submission, managerAccount)
  } catch (cause) {
    if (!(cause instanceof KubeError && cause.kind === 'conflict' && cause.request.verb === 'create'))
      throw cause
    const { resource, name = '', namespace } = cause.request
    throw new CommandError(cause.message, {
      advice: `Give another --name, or remove that one: kubectl delete ${resource} ${name} --namespace ${namespace}`,
      cause,
    })
  }
}

/** What is half made would be left behind: the first signal waits for the rest, and is given. */
async function signalDuring(work: Promise<unknown>): Promise<NodeJS.Signals | undefined> {
  let heard: NodeJS.Signals | undefined
  using _ = onSignal(endingSignals, (name) => {
    heard = name
    tell('Removing what was made')
  })
  await work
  return heard
}

/** Follows it until the pod has taken its program. */
async function bring(job: FollowedJob): Promise<void> {
  const brought = new AbortController()
  const started: FollowedJob['started'] = async (pod, signal) => {
    await job.started?.(pod, signal)
    brought.abort()
  }
  try {
    const lines = new LineWriter(process.stderr)
    await followSubmission({ ...job, started, lines, tell, signal: brought.signal })
  } catch (error) {
    if (!brought.signal.aborted) throw error
  }
}

function manifestText(submission: Submission): string {
  const { name, namespace } = submission
  const documents = submissionManifests(submission).map((one) =>
    dump(one, { noRefs: true, lineWidth: -1, skipInvalid: true }),
  )
  // To apply it, kubectl would put it into an annotation as well, which has less room than a program may take.
  return `# kubectl create -f - takes it. The Job goes when its time to live is over; what is beside it nothing owns:
#   kubectl delete --namespace ${namespace} configmap,serviceaccount,role,rolebinding ${name} --ignore-not-found
${documents.join('---\n')}`.trimEnd()
}
