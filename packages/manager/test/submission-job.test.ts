import type { V1Job } from '@kubernetes/client-node'
import { loadAll } from 'js-yaml'
import { expect, test } from 'vitest'
import { rbacManifest } from '../src/cli/rbac-manifest.ts'
import { accountObjects } from '../src/submit/manager-account.ts'
import {
  maxConfigMapBytes,
  programConfigMap,
  type SubmissionOptions,
  submissionJob,
} from '../src/submit/submission-job.ts'

const options: SubmissionOptions = {
  name: 'simulate-x7k2p',
  namespace: 'team',
  image: 'localhost/dialback-manager:0.1.0',
  script: 'simulate.ts',
  args: ['--steps', '10'],
  program: { sha256: 'abc', byteLength: 100 },
  cpu: '0.5',
  memory: '1Gi',
  workers: { count: 8, cpu: '2', memory: '4Gi' },
  env: [],
  envSecrets: [],
  serviceAccountName: 'dialback-manager',
  ttlSeconds: 3_600,
  backoffLimit: 2,
}

const specOf = (job: V1Job) => job.spec?.template.spec
const containerOf = (job: V1Job) => specOf(job)?.containers[0]
const environmentOf = (job: V1Job): Record<string, unknown> =>
  Object.fromEntries(
    (containerOf(job)?.env ?? []).map(({ name, value, valueFrom }) => [name, value ?? valueFrom]),
  )

test('submissionJob() is run again as often as was asked, disruptions not counted, and is then taken away', () => {
  expect(submissionJob(options).spec).toMatchObject({
    backoffLimit: 2,
    ttlSecondsAfterFinished: 3_600,
    podFailurePolicy: {
      rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
    },
    template: { spec: { restartPolicy: 'Never' } },
  })
})

test('submissionJob() waits while it is being made, and says until when that is', () => {
  const { metadata, spec } = submissionJob({ ...options, unfinishedUntil: '2026-11-25T12:00:00.000Z' })
  expect(spec?.suspend).toBe(true)
  expect(metadata?.annotations).toEqual({
    'dialback.dev/script': 'simulate.ts',
    'dialback.dev/unfinished-until': '2026-11-25T12:00:00.000Z',
  })
  expect(submissionJob(options).spec?.suspend).toBeUndefined()
})

test('submissionJob() meets the restricted Pod Security Standard', () => {
  const job = submissionJob(options)
  expect(specOf(job)?.securityContext).toMatchObject({
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  })
  expect(containerOf(job)?.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
  })
})

test('submissionJob() is found by its labels, its pod not as one that a manager made', () => {
  const { metadata, spec } = submissionJob(options)
  expect(metadata?.labels).toMatchObject({
    'app.kubernetes.io/managed-by': 'dialback',
    'app.kubernetes.io/name': 'dialback-submission',
  })
  expect(spec?.template.metadata?.labels).not.toHaveProperty('app.kubernetes.io/managed-by')
})

test('submissionJob() tells the script its workers, and where its program is', () => {
  const job = submissionJob(options)
  expect(containerOf(job)?.command).toEqual(['node', '/dialback/start.mjs', '--steps', '10'])
  expect(environmentOf(job)).toMatchObject({
    DIALBACK_K8S: '1',
    DIALBACK_WORKERS: '8',
    DIALBACK_CPU: '2',
    DIALBACK_MEMORY: '4Gi',
    DIALBACK_PROGRAM_SHA256: 'abc',
    DIALBACK_PROGRAM_FILE: '/dialback/program',
  })
})

test('submissionJob() has a program that is too large for a ConfigMap brought', () => {
  const byteLength = maxConfigMapBytes + 1
  const environment = environmentOf(submissionJob({ ...options, program: { sha256: 'abc', byteLength } }))
  expect(environment).toMatchObject({ DIALBACK_PROGRAM_PORT: '7422', DIALBACK_PROGRAM_BYTES: '1000001' })
  expect(environment).not.toHaveProperty('DIALBACK_PROGRAM_FILE')
})

test('submissionJob() starts a script that the image has by its path', () => {
  const job = submissionJob({ ...options, program: undefined })
  expect(containerOf(job)?.command).toEqual(['dialback', 'run', 'simulate.ts', '--', '--steps', '10'])
  expect(specOf(job)?.volumes).toBeUndefined()
})

test('submissionJob() gives arguments as they are, in which Kubernetes would put variables in', () => {
  const args = ['--price', '$(DIALBACK_WORKERS)$$']
  const expected = ['--price', '$$(DIALBACK_WORKERS)$$$$']
  const inImage = submissionJob({ ...options, args, script: 'a$$.ts', program: undefined })
  expect(containerOf(submissionJob({ ...options, args }))?.command?.slice(2)).toEqual(expected)
  expect(containerOf(inImage)?.command?.slice(2)).toEqual(['a$$$$.ts', '--', ...expected])
})

test("submissionJob() adds the user's variables, and to NODE_OPTIONS rather than in its place", () => {
  const secretKeyRef = { name: 'login', key: 'password' }
  const job = submissionJob({
    ...options,
    env: [
      { name: 'NODE_OPTIONS', value: '--trace-warnings' },
      { name: 'PASSWORD', valueFrom: { secretKeyRef } },
    ],
    envSecrets: ['database'],
  })
  expect(environmentOf(job)).toMatchObject({
    NODE_OPTIONS: '--max-old-space-size-percentage=75 --trace-warnings',
    PASSWORD: { secretKeyRef },
  })
  expect(containerOf(job)?.envFrom).toEqual([{ secretRef: { name: 'database' } }])
})

test("submissionJob() leaves the heap's size to the user's NODE_OPTIONS where they set it", () => {
  const job = submissionJob({
    ...options,
    env: [{ name: 'NODE_OPTIONS', value: '--max-old-space-size=200' }],
  })
  expect(environmentOf(job)).toMatchObject({ NODE_OPTIONS: '--max-old-space-size=200' })
})

test('programConfigMap() goes with the Job', () => {
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: options.name, uid: 'uid-1' }
  const map = programConfigMap({ ...options, owner, starter: '0', program: Buffer.from('program') })
  expect(map).toMatchObject({
    metadata: { name: options.name, ownerReferences: [owner] },
    data: { 'start.mjs': '0' },
    binaryData: { program: Buffer.from('program').toString('base64') },
  })
})

test('accountObjects() gives a manager no right that dialback manifests rbac does not', () => {
  type Rules = { readonly resources?: string[]; readonly verbs: string[] }[]
  const rightsOf = (rules: Rules): string[] =>
    rules.flatMap(({ resources = [], verbs }) => verbs.map((verb) => `${verb} ${resources.join()}`))
  const role = (loadAll(rbacManifest('team')) as { kind: string; rules: Rules }[]).find(
    ({ kind }) => kind === 'Role',
  )
  const own = accountObjects({ name: 'a', namespace: 'team' })['roles.rbac.authorization.k8s.io'].rules ?? []
  expect(rightsOf(own).length).toBeGreaterThan(0)
  expect(rightsOf(role?.rules ?? [])).toEqual(expect.arrayContaining(rightsOf(own)))
})
