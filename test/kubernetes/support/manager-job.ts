/** A user's script as the Job of a manager inside the cluster. */

import { ended, eventually, managerImage, restricted, type TestNamespace } from './test-namespace.ts'

export interface ManagerJob {
  /** The name of the manager's pod. */
  readonly pod: string
  /** What it has written so far. */
  log(): Promise<string>
  /** Waits until it has written `text`. */
  wrote(text: string): Promise<void>
  /** Waits for its end and gives the exit code, with all that it wrote. */
  readonly ended: () => Promise<{ readonly exitCode: number | undefined; readonly log: string }>
}

/** What a manager must be allowed to do. */
const rules = [
  { apiGroups: [''], resources: ['pods'], verbs: ['create', 'delete', 'get', 'list', 'patch', 'watch'] },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['create', 'delete'] },
]

/** Starts a script, TypeScript as it is, that imports `@dialback/manager`. */
export async function startManagerJob(namespace: TestNamespace, script: string): Promise<ManagerJob> {
  const { core, batch, name } = namespace
  await allowManager(namespace)
  await core.createNamespacedConfigMap({
    namespace: name,
    body: { metadata: { name: 'script' }, data: { 'main.ts': script } },
  })
  const spec = restricted(managerImage, ['node', '/script/main.ts'])
  const [container] = spec.containers
  if (container !== undefined) container.volumeMounts = [{ name: 'script', mountPath: '/script' }]
  spec.serviceAccountName = 'manager'
  spec.volumes = [{ name: 'script', configMap: { name: 'script' } }]
  await batch.createNamespacedJob({
    namespace: name,
    body: {
      metadata: { name: 'session' },
      spec: { backoffLimit: 0, ttlSecondsAfterFinished: 3_600, template: { spec } },
    },
  })
  const pod = await podOfJob(namespace)
  const log = async (): Promise<string> => await core.readNamespacedPodLog({ namespace: name, name: pod })
  return {
    pod,
    log,
    wrote: async (text) => {
      const isWritten = async (): Promise<boolean> => (await log().catch(() => '')).includes(text)
      const wait = eventually(`"${text}" in the log of the manager`, async () => {
        const { status } = await core.readNamespacedPod({ namespace: name, name: pod })
        if (await isWritten()) return true
        if (status?.phase === 'Failed' || status?.phase === 'Succeeded')
          throw new Error(`The manager has ended without "${text}" in its log`)
        return false
      })
      await wait.catch(async (cause: unknown) => {
        throw new Error(`${String(cause)}; its log:\n${await log()}\npods:\n${await describePods(namespace)}`)
      })
    },
    ended: async () => {
      await ended(namespace, pod)
      const { status } = await core.readNamespacedPod({ namespace: name, name: pod })
      return { exitCode: status?.containerStatuses?.[0]?.state?.terminated?.exitCode, log: await log() }
    },
  }
}

async function allowManager({ core, rbac, name: namespace }: TestNamespace): Promise<void> {
  const metadata = { name: 'manager' }
  await Promise.all([
    core.createNamespacedServiceAccount({ namespace, body: { metadata } }),
    rbac.createNamespacedRole({ namespace, body: { metadata, rules } }),
    rbac.createNamespacedRoleBinding({
      namespace,
      body: {
        metadata,
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'manager' },
        subjects: [{ kind: 'ServiceAccount', name: 'manager', namespace }],
      },
    }),
  ])
}

async function podOfJob(namespace: TestNamespace): Promise<string> {
  let name = ''
  await eventually('the pod of the Job', async () => {
    name = (await namespace.pods('job-name=session'))[0]?.metadata?.name ?? ''
    return name !== ''
  })
  return name
}

async function describePods(namespace: TestNamespace): Promise<string> {
  const lines = (await namespace.pods()).map(({ metadata, status }) => {
    const states = status?.containerStatuses?.map(({ state }) => JSON.stringify(state)) ?? []
    return [
      metadata?.name,
      status?.phase,
      status?.reason,
      metadata?.deletionTimestamp?.toISOString(),
      ...states,
    ]
      .filter((each) => each !== undefined)
      .join(' ')
  })
  return lines.join('\n')
}
