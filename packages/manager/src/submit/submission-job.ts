/** Pure: the Job that runs a script as a manager in the cluster, and the ConfigMap with its program. */

import type {
  V1ConfigMap,
  V1Container,
  V1EnvVar,
  V1Job,
  V1OwnerReference,
  V1Volume,
} from '@kubernetes/client-node'
import { literalValue } from '../kubernetes/literal-value.ts'
import { nodeOptions } from '../kubernetes/node-options.ts'

/** The container that runs the script. */
export const managerContainer = 'manager'
/** Chooses the Jobs that `dialback submit` made. */
export const submissionSelector =
  'app.kubernetes.io/managed-by=dialback,app.kubernetes.io/name=dialback-submission'
/** The script, as its user named it. */
export const scriptAnnotation = 'dialback.dev/script'
/** Set when somebody asked for its end. */
export const cancelledAnnotation = 'dialback.dev/cancelled'
/** While its Job is being made: until when, after which nobody is making it any more. */
export const unfinishedAnnotation = 'dialback.dev/unfinished-until'
/** Where the pod waits for a program that is too large for a ConfigMap. */
export const programPort = 7_422
/** A ConfigMap takes 1 MiB, and a little is for what unpacks the program. */
export const maxConfigMapBytes = 1_000_000

const programDirectory = '/program'
const starterDirectory = '/dialback'

export interface SubmissionOptions {
  /** Of the Job and of all that belongs to it. */
  readonly name: string
  readonly namespace: string
  readonly image: string
  /** As its user named it. With `program` undefined it is a path in the image. */
  readonly script: string
  readonly args: readonly string[]
  readonly program?: SubmittedProgram | undefined
  /** Quantities. */
  readonly cpu: string
  readonly memory: string
  readonly workers: SubmittedWorkers
  readonly env: readonly V1EnvVar[]
  /** Secrets whose fields all become variables. */
  readonly envSecrets: readonly string[]
  readonly serviceAccountName: string
  readonly ttlSeconds: number
  readonly backoffLimit: number
  /** It is suspended until what belongs to it is there, which is given up at this time (ISO 8601). */
  readonly unfinishedUntil?: string | undefined
}

export interface SubmittedProgram {
  readonly sha256: string
  readonly byteLength: number
}

export interface SubmittedWorkers {
  readonly count: number
  readonly cpu: string
  readonly memory: string
  readonly image?: string | undefined
}

/** Whether the ConfigMap has the program; else somebody has to bring it to the pod. */
export function isInConfigMap({ byteLength }: SubmittedProgram): boolean {
  return byteLength <= maxConfigMapBytes
}

/** It meets the restricted Pod Security Standard. A disruption of its pod is not counted as a failure. */
export function submissionJob(options: SubmissionOptions): V1Job {
  const { name, namespace, script, ttlSeconds, backoffLimit, unfinishedUntil } = options
  const { 'app.kubernetes.io/managed-by': _, ...podLabels } = submissionLabels
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace,
      labels: submissionLabels,
      annotations: {
        [scriptAnnotation]: script,
        ...(unfinishedUntil !== undefined && { [unfinishedAnnotation]: unfinishedUntil }),
      },
    },
    spec: {
      ...(unfinishedUntil !== undefined && { suspend: true }),
      backoffLimit,
      ttlSecondsAfterFinished: ttlSeconds,
      podFailurePolicy: {
        rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
      },
      template: {
        metadata: { labels: podLabels },
        spec: {
          restartPolicy: 'Never',
          serviceAccountName: options.serviceAccountName,
          enableServiceLinks: false,
          // The script is not process 1: signals, aborts and orphans are then what they are elsewhere.
          shareProcessNamespace: true,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 1_000,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [container(options)],
          ...(options.program !== undefined && { volumes: volumes(name) }),
        },
      },
    },
  }
}

export interface ProgramConfigMap {
  readonly name: string
  readonly namespace: string
  /** Undefined where only `kubectl apply` will know it. */
  readonly owner?: V1OwnerReference | undefined
  /** The text of start-program. */
  readonly starter: string
  /** Undefined when it is too large. */
  readonly program: Buffer | undefined
}

export function programConfigMap({
  name,
  namespace,
  owner,
  starter,
  program,
}: ProgramConfigMap): V1ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name,
      namespace,
      labels: submissionLabels,
      ...(owner !== undefined && { ownerReferences: [owner] }),
    },
    immutable: true,
    data: { 'start.mjs': starter },
    ...(program !== undefined && { binaryData: { program: program.toString('base64') } }),
  }
}

/** On all that belongs to a Job. */
export const submissionLabels: Readonly<Record<string, string>> = {
  'app.kubernetes.io/name': 'dialback-submission',
  'app.kubernetes.io/component': 'manager',
  'app.kubernetes.io/part-of': 'dialback',
  'app.kubernetes.io/managed-by': 'dialback',
}

function container(options: SubmissionOptions): V1Container {
  const { image, script, args, program, cpu, memory, envSecrets } = options
  return {
    name: managerContainer,
    image,
    command:
      program === undefined
        ? ['dialback', 'run', literalValue(script), '--', ...args.map(literalValue)]
        : ['node', `${starterDirectory}/start.mjs`, ...args.map(literalValue)],
    ...(program !== undefined && { workingDir: programDirectory }),
    // Of cores no limit: it starts in what is idle, and mostly waits then.
    resources: { requests: { cpu, memory }, limits: { memory } },
    ...(envSecrets.length > 0 && { envFrom: envSecrets.map((name) => ({ secretRef: { name } })) }),
    env: environment(options),
    ...(program !== undefined && {
      volumeMounts: [
        { name: 'program', mountPath: programDirectory },
        { name: 'starter', mountPath: starterDirectory, readOnly: true },
      ],
    }),
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    // What V8 or Node says last is then in the status, also when nobody has read the log.
    terminationMessagePolicy: 'FallbackToLogsOnError',
  }
}

/** What is ours is last, where it counts. */
function environment({ env, workers, program }: SubmissionOptions): V1EnvVar[] {
  const given = env.find(({ name }) => name === 'NODE_OPTIONS')?.value
  return [
    ...env.filter(({ name }) => name !== 'NODE_OPTIONS'),
    { name: 'NODE_OPTIONS', value: nodeOptions(given) },
    { name: 'DIALBACK_K8S', value: '1' },
    { name: 'DIALBACK_WORKERS', value: String(workers.count) },
    { name: 'DIALBACK_CPU', value: workers.cpu },
    { name: 'DIALBACK_MEMORY', value: workers.memory },
    ...(workers.image === undefined ? [] : [{ name: 'DIALBACK_IMAGE', value: workers.image }]),
    ...(program === undefined ? [] : starterEnvironment(program)),
  ]
}

function starterEnvironment(program: SubmittedProgram): V1EnvVar[] {
  return [
    { name: 'DIALBACK_PROGRAM_DIRECTORY', value: programDirectory },
    { name: 'DIALBACK_PROGRAM_SHA256', value: program.sha256 },
    ...(isInConfigMap(program)
      ? [{ name: 'DIALBACK_PROGRAM_FILE', value: `${starterDirectory}/program` }]
      : [
          { name: 'DIALBACK_PROGRAM_PORT', value: String(programPort) },
          { name: 'DIALBACK_PROGRAM_BYTES', value: String(program.byteLength) },
        ]),
  ]
}

function volumes(name: string): V1Volume[] {
  return [
    { name: 'program', emptyDir: {} },
    { name: 'starter', configMap: { name } },
  ]
}
