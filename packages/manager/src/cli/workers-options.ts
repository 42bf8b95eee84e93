/** The options that say which workers a command starts, the same for each command that has them. */

import { type Command, InvalidArgumentError, Option } from 'commander'
import { isForPods, type PodOptions, type WorkersSpec } from '../default-workers.ts'
import { type K8sOptions, type ResolvedK8sOptions, resolveK8sOptions } from '../kubernetes/k8s-options.ts'

/** What commander makes of the options. */
export interface WorkersOptions extends PodOptions {
  readonly workers: number
  readonly k8s?: boolean
}

const podOptions = [
  ['cpu', '--cpu <quantity>', 'cores of each pod, as 0.2 or 200m; by default 1'],
  ['memory', '--memory <quantity>', 'memory of each pod, as 300Mi; by default 4Gi'],
  ['image', '--image <image>', 'the image of the pods'],
  ['advertise', '--advertise <host:port>', 'where pods reach this machine, if that cannot be told'],
  ['namespace', '--namespace <name>', "the pods' namespace; by default that of the kubeconfig's context"],
] as const

/** Adds them; `count`: of local workers when neither the command line nor the environment says. */
export function addWorkersOptions(command: Command, count: number): Command {
  command.addOption(
    new Option('-n, --workers <n>', 'how many workers are there from the start')
      .env('DIALBACK_WORKERS')
      .default(count)
      .argParser(wholeNumber),
  )
  command.addOption(
    new Option('--k8s', 'as pods of a Kubernetes cluster, one unless -n says (env: DIALBACK_K8S=1)'),
  )
  return addPodOptions(command)
}

/** Adds those that are about pods. */
export function addPodOptions(command: Command): Command {
  for (const [name, flags, description] of podOptions) {
    command.addOption(new Option(flags, description).env(`DIALBACK_${name.toUpperCase()}`))
  }
  return command
}

/** What the options ask for. Ends the command for options that have no meaning together. */
export function workersSpec(options: WorkersOptions, command: Command): WorkersSpec {
  const isGiven = (name: string): boolean => command.getOptionValueSource(name) === 'cli'
  if (options.k8s !== true && !orUsageError(command, () => isForPods(process.env))) {
    const [odd] = podOptions.filter(([name]) => isGiven(name))
    if (odd !== undefined)
      command.error(`error: option '${odd[1]}' is for pods, and these workers are local: give --k8s too`)
    return { count: options.workers }
  }
  const isDefault = command.getOptionValueSource('workers') === 'default'
  const pods = Object.fromEntries(
    podOptions.flatMap(([name]) => (options[name] === undefined ? [] : [[name, options[name]]])),
  )
  const count = isDefault ? 1 : options.workers
  podsAsked(count, pods, command)
  return { count, pods }
}

/** What the options of pods ask for, with the rest filled in. Ends the command for bad values. */
export function podsAsked(count: number, options: K8sOptions, command: Command): ResolvedK8sOptions {
  return orUsageError(command, () => resolveK8sOptions(count, options))
}

function orUsageError<T>(command: Command, read: () => T): T {
  try {
    return read()
  } catch (error) {
    return command.error(`error: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number of at least 0.')
}
