/** The options of `dialback submit`, checked before anything is made. */

import type { V1EnvVar } from '@kubernetes/client-node'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { literalValue } from '../kubernetes/literal-value.ts'
import { memoryText, quantityText } from '../kubernetes/quantity.ts'
import { durationOption } from './duration-option.ts'
import { imageName } from './image-name.ts'
import { addNamespaceOption, type NamespaceOptions } from './kube-options.ts'

/** What commander makes of the options. */
export interface SubmitOptions extends NamespaceOptions {
  readonly workers: number
  readonly workerCpu: string
  readonly workerMemory: string
  readonly cpu: string
  readonly memory: string
  readonly image: string
  readonly inImage?: true
  readonly include?: readonly string[]
  readonly env?: readonly V1EnvVar[]
  readonly secretEnv?: readonly V1EnvVar[]
  readonly envSecret?: readonly string[]
  readonly serviceAccount?: string
  readonly name?: string
  readonly ttl: number
  readonly backoffLimit: number
  readonly detach?: true
  readonly dryRun?: true
}

/** Adds them. @param image that of this version */
export function addSubmitOptions(command: Command, image: string): Command {
  const option = (flags: string, text: string): Option => new Option(flags, text)
  addNamespaceOption(
    command
      .addOption(option('-n, --workers <n>', 'how many workers').default(1).argParser(wholeNumber))
      .addOption(option('--worker-cpu <quantity>', 'cores of each worker').default('0.5').argParser(quantity))
      .addOption(
        option('--worker-memory <quantity>', 'memory of each worker').default('1Gi').argParser(memory),
      )
      .addOption(option('--cpu <quantity>', 'cores of the manager').default('0.5').argParser(quantity))
      .addOption(option('--memory <quantity>', 'memory of the manager').default('1Gi').argParser(memory))
      .addOption(
        option('--image <image>', 'of the manager and the workers: one FROM the manager image')
          .default(image)
          .argParser(imageName),
      )
      .option('--in-image', 'the script is a path in the image: nothing is bundled')
      .addOption(option('--include <path>', 'a file or directory that no import leads to').argParser(listed))
      .addOption(
        option(
          '--env <name=value>',
          'a variable of the script and its workers; without =value as it is here',
        ).argParser(variable),
      )
      .addOption(
        option('--secret-env <name=secret:key>', 'a variable from a Secret').argParser(secretVariable),
      )
      .addOption(option('--env-secret <secret>', 'all fields of a Secret as variables').argParser(listed)),
  )
  return command
    .addOption(option('--service-account <name>', 'what the manager runs as').argParser(given))
    .addOption(option('--name <name>', 'of the Job, instead of one after the script').argParser(jobName))
    .addOption(
      option('--ttl <duration>', 'how long the Job stays once it has ended: 90s, 10m, 2h')
        .default(3_600, '1h')
        .argParser(seconds),
    )
    .addOption(
      option('--backoff-limit <n>', 'how often it is run again when it fails; disruptions do not count')
        .default(0)
        .argParser(wholeNumber),
    )
    .option('--detach', 'do not follow it; print its name')
    .option('--dry-run', 'make nothing; print what kubectl create -f - takes')
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number of at least 0.')
}

function quantity(text: string): string {
  return checked(() => quantityText(text, 'It'))
}

function memory(text: string): string {
  return checked(() => memoryText(text, 'It'))
}

function seconds(text: string): number {
  return Math.ceil(durationOption(text) / 1_000)
}

/** The same sentence as elsewhere, as commander tells it. */
function checked<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    throw new InvalidArgumentError(`${error instanceof Error ? error.message : String(error)}.`)
  }
}

/** A variable of a shell that is not set: of paths that would be the current directory, with all that is in it. */
function given(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('It must not be empty.')
}

function listed(text: string, before: readonly string[] = []): string[] {
  return [...before, given(text)]
}

/** A pod's name is longer by six, a worker's by a few more, and a label takes 63. */
function jobName(text: string): string {
  if (/^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$/.test(text)) return text
  throw new InvalidArgumentError('It must be a name that Kubernetes takes (a-z, 0-9 and -, at most 52).')
}

const variableName = /^[A-Za-z_][A-Za-z0-9_.-]*$/

function variable(text: string, before: readonly V1EnvVar[] = []): V1EnvVar[] {
  const [name = ''] = text.split('=', 1)
  if (!variableName.test(name)) throw new InvalidArgumentError('It must be NAME=VALUE, or NAME.')
  const value = text.includes('=') ? text.slice(name.length + 1) : process.env[name]
  if (value === undefined) throw new InvalidArgumentError(`There is no variable ${name} here.`)
  return [...before, { name, value: literalValue(value) }]
}

function secretVariable(text: string, before: readonly V1EnvVar[] = []): V1EnvVar[] {
  const match = /^([^=]+)=([^:]+):(.+)$/.exec(text)
  const [, variableOf = '', name = '', key = ''] = match ?? []
  if (!variableName.test(variableOf)) throw new InvalidArgumentError('It must be NAME=SECRET:KEY.')
  return [...before, { name: variableOf, valueFrom: { secretKeyRef: { name, key } } }]
}
