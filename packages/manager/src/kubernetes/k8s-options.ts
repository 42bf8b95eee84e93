/** The options of `K8sClusterManager`: what there is, and what is refused before anything is started. */

import { type Duration, describe, durationMs, limits } from '@dialback/protocol'
import type { V1Pod } from '@kubernetes/client-node'
import { checkEnvironment, checkOption, rejectUnknownOptions, wholeNumber } from '../options.ts'
import { checkAnnotations, checkLabels, subdomain } from './check-metadata.ts'
import { memoryText, type Quantity, quantityText } from './quantity.ts'

export interface K8sOptions {
  /** @default the current kubeconfig context's, else the pod's own, else `default` */
  readonly namespace?: string | undefined
  /** The pod that owns the workers and whose image they run. @default inside a cluster this pod's name */
  readonly managerPodName?: string | undefined
  /** What the workers' names begin with. @default `${managerPodName ?? hostname}-worker`, made a legal name */
  readonly workerPrefix?: string | undefined
  /** @default inside the image of the manager's pod if it has one container; outside the worker image of this version */
  readonly image?: string | undefined
  /** Request and limit, in cores. @default 1 */
  readonly cpu?: Quantity | undefined
  /** Request and limit. @default '4Gi' */
  readonly memory?: Quantity | undefined
  /** How long workers may take to join. @default 180 */
  readonly pendingTimeout?: Duration | undefined
  /** Changes the manifest. Called once per launch; what it returns is what is created, once for each worker. */
  readonly configure?: ((pod: V1Pod) => V1Pod | Promise<V1Pod>) | undefined
  /** Workers get its token; without it they get none. */
  readonly serviceAccountName?: string | undefined
  /** Added to the workers' environment, as it is: `$(NAME)` stands for itself. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Added to those by which dialback finds its pods. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
  /** @default that of the manager's container where the image is its own, else Kubernetes': Always for `latest`, else IfNotPresent */
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never' | undefined
  /** With fewer workers `addProcs` rejects. @default 0 */
  readonly minWorkers?: number | undefined
  /** Which pods stay once their worker has ended. @default 'never' */
  readonly keepPods?: 'never' | 'onFailure' | 'always' | undefined
  /** Whether pods dial the manager or a relay in the cluster. @default 'auto': what is found to work */
  readonly connection?: 'auto' | 'direct' | 'tunnel' | undefined
  /** `host:port` that pods are to dial, where `auto` cannot know. */
  readonly advertise?: string | undefined
  /** How many threads of each worker run user code. @default 1 */
  readonly threads?: number | undefined
}

/** The options with what needs no cluster to be known filled in. */
export interface ResolvedK8sOptions extends Omit<K8sOptions, 'cpu' | 'memory' | 'pendingTimeout'> {
  readonly np: number
  readonly cpu: string
  readonly memory: string
  readonly pendingTimeoutMs: number
  readonly minWorkers: number
  readonly keepPods: 'never' | 'onFailure' | 'always'
  readonly connection: 'auto' | 'direct' | 'tunnel'
  readonly threads: number
}

const texts = [
  'namespace',
  'managerPodName',
  'workerPrefix',
  'image',
  'serviceAccountName',
  'advertise',
] as const
const choices = {
  imagePullPolicy: ['Always', 'IfNotPresent', 'Never'],
  keepPods: ['never', 'onFailure', 'always'],
  connection: ['auto', 'direct', 'tunnel'],
} as const
const known = [
  ...texts,
  'env',
  'labels',
  'annotations',
  ...Object.keys(choices),
  'cpu',
  'memory',
  'pendingTimeout',
  'configure',
  'minWorkers',
  'threads',
]

/** @throws {TypeError | RangeError} that repeats a bad value or an unknown option. */
export function resolveK8sOptions(np: unknown, options: K8sOptions): ResolvedK8sOptions {
  const count = wholeNumber(np, 'np', 0, limits.maxMembers)
  rejectUnknownOptions(options, known, 'K8sClusterManager')
  const { cpu = 1, memory = '4Gi', pendingTimeout = 180, minWorkers = 0, threads = 1, ...rest } = options
  checkTexts(options)
  checkLabels(options.labels)
  checkAnnotations(options.annotations)
  checkVariables(options.env)
  for (const [name, values] of Object.entries(choices)) {
    const isOne = (value: unknown): boolean => values.some((choice) => choice === value)
    checkOption(name, Reflect.get(options, name), `one of ${values.join(', ')}`, isOne)
  }
  checkOption('configure', options.configure, 'a function', (value) => typeof value === 'function')
  if (wholeNumber(minWorkers, 'minWorkers', 0) > count)
    throw new RangeError(`minWorkers must be at most np, ${count}: ${minWorkers}`)
  return {
    ...rest,
    np: count,
    cpu: quantityText(cpu, 'cpu'),
    memory: memoryText(memory, 'memory'),
    pendingTimeoutMs: durationMs(pendingTimeout, 'pendingTimeout'),
    minWorkers,
    keepPods: options.keepPods ?? 'never',
    connection: options.connection ?? 'auto',
    threads: wholeNumber(threads, 'threads', 1),
  }
}

/** RFC 1123, as Kubernetes asks of names. */
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const hostAndPort = /^(\[[0-9a-fA-F:]+\]|[^\s:/@]+):([1-9]\d{0,4})$/

function checkTexts(options: K8sOptions): void {
  for (const name of texts)
    checkOption(
      name,
      options[name],
      'a string that is not empty',
      (value) => typeof value === 'string' && value !== '',
    )
  const { namespace, managerPodName, workerPrefix, serviceAccountName, image, advertise } = options
  checkName('namespace', namespace, label, 63)
  checkName('managerPodName', managerPodName, subdomain, 253)
  checkName('workerPrefix', workerPrefix, subdomain, 247)
  checkName('serviceAccountName', serviceAccountName, subdomain, 253)
  if (image !== undefined && image !== image.trim())
    throw new RangeError(`image must be without white space around it: ${describe(image)}`)
  const port = hostAndPort.exec(advertise ?? 'host:1')?.[2]
  if (port === undefined || Number(port) > 65_535)
    throw new RangeError(`advertise must be 'host:port': ${describe(advertise)}`)
}

function checkVariables(env: K8sOptions['env']): void {
  checkEnvironment(env)
  const odd = Object.keys(env ?? {}).find((name) => !/^[ -~]+$/.test(name))
  if (odd !== undefined)
    throw new RangeError(`env must have names of printable ASCII for Kubernetes: ${describe(odd)}`)
}

function checkName(name: string, value: string | undefined, pattern: RegExp, most: number): void {
  if (value === undefined || (pattern.test(value) && value.length <= most)) return
  throw new RangeError(
    `${name} must be a name that Kubernetes takes (a-z, 0-9 and -, at most ${most}): ${describe(value)}`,
  )
}
