import { loadAll } from 'js-yaml'
import { expect, test } from 'vitest'
import { interactiveSessionManifest } from '../src/cli/interactive-session-manifest.ts'
import { rbacManifest, submitManifest } from '../src/cli/rbac-manifest.ts'

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

test('rbacManifest() gives a ServiceAccount, a Role and what binds them, in one namespace', () => {
  const objects = loadAll(rbacManifest('team')) as {
    kind: string
    metadata: { name: string; namespace: string }
  }[]
  expect(objects.map(({ kind, metadata }) => [kind, metadata.name, metadata.namespace])).toEqual([
    ['ServiceAccount', 'dialback-manager', 'team'],
    ['Role', 'dialback-manager', 'team'],
    ['RoleBinding', 'dialback-manager', 'team'],
  ])
})

test('rbacManifest() allows what is needed and nothing else, and says of each verb what it is for', () => {
  const yaml = rbacManifest('team')
  const role = (loadAll(yaml) as { kind: string; rules: Rule[] }[]).find(({ kind }) => kind === 'Role')
  const allowed = role?.rules.flatMap(({ apiGroups, resources, verbs }) =>
    resources.map((resource) => `${[resource, ...apiGroups.filter(Boolean)].join('.')}: ${verbs.join(' ')}`),
  )
  expect(allowed).toEqual([
    'pods: create delete get list watch patch',
    'pods/log: get',
    'events: list',
    'secrets: create delete',
    'jobs.batch: create delete get',
    'pods/portforward: create get',
    'services: create delete',
    'jobs.batch: list',
    'secrets: list',
  ])
  const verbs = yaml.split('\n').filter((line) => line.startsWith('      - '))
  expect(verbs.filter((line) => !/^ {6}- [a-z]+ # \w/.test(line))).toEqual([])
})

test('submitManifest() allows whoever submits scripts what that takes, and not to read Secrets or make accounts', () => {
  const yaml = submitManifest('team')
  const objects = loadAll(yaml) as { kind: string; metadata: { name: string }; rules?: Rule[] }[]
  expect(objects.map(({ kind, metadata }) => [kind, metadata.name])).toEqual([
    ['ServiceAccount', 'dialback-submit'],
    ['Role', 'dialback-submit'],
    ['RoleBinding', 'dialback-submit'],
  ])
  const rules = objects.flatMap((object) => object.rules ?? [])
  expect(rules.map(({ resources, verbs }) => `${resources.join()}: ${verbs.join(' ')}`)).toEqual([
    'jobs: create get list patch delete',
    'configmaps: create get delete',
    'serviceaccounts: get',
    'pods: list get',
    'pods/log: get',
    'pods/portforward: create get',
    'events: list',
  ])
  const verbs = yaml.split('\n').filter((line) => line.startsWith('      - '))
  expect(verbs.filter((line) => !/^ {6}- [a-z]+ # \w/.test(line))).toEqual([])
})

test('interactiveSessionManifest() is the Job of the documentation', () => {
  const image = 'localhost/dialback-manager:0.1.0'
  const yaml = interactiveSessionManifest({ namespace: 'team', image, hasTerminal: true })
  expect(loadAll(yaml)).toMatchObject([
    {
      kind: 'Job',
      metadata: { name: 'interactive-session', namespace: 'team' },
      spec: {
        backoffLimit: 0,
        ttlSecondsAfterFinished: 10,
        template: {
          spec: {
            serviceAccountName: 'dialback-manager',
            restartPolicy: 'Never',
            containers: [
              {
                name: 'manager',
                image: 'localhost/dialback-manager:0.1.0',
                stdin: true,
                tty: true,
                resources: { requests: { cpu: 1, memory: '500Mi' } },
              },
            ],
          },
        },
      },
    },
  ])
})

test('interactiveSessionManifest() without a terminal ends with its input', () => {
  const yaml = interactiveSessionManifest({ namespace: 'team', image: 'manager:1', hasTerminal: false })
  const [job] = loadAll(yaml) as { spec: { template: { spec: { containers: object[] } } } }[]
  expect(job?.spec.template.spec.containers).toMatchObject([{ stdin: true, stdinOnce: true }])
  expect(yaml).not.toContain('tty:')
})
