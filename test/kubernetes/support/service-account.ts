/** The ServiceAccounts of `dialback manifests rbac`, and a kubeconfig with which this machine acts as one. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  AuthorizationV1Api,
  CoreV1Api,
  KubeConfig,
  type KubernetesObject,
  type V1PolicyRule,
  type V1Role,
} from '@kubernetes/client-node'
import { withTempDir } from '../../support/temp-dir.ts'
import { applyManifests } from './apply-manifests.ts'
import { eventually, type TestNamespace } from './test-namespace.ts'

export interface ManagerAccount extends AsyncDisposable {
  /** Of the kubeconfig. */
  readonly path: string
  /** What the Role allows, a verb each. */
  readonly rules: readonly V1PolicyRule[]
  /** Takes one of the rules out of the Role, and puts the others back; resolves when that counts. */
  without(rule: V1PolicyRule): Promise<void>
}

/** Makes that of managers in a namespace. */
export async function managerAccount(namespace: TestNamespace): Promise<ManagerAccount> {
  return await accountOf(namespace, await applyManifests('rbac', '--namespace', namespace.name))
}

/** Makes that of whoever submits scripts, and that of their managers. */
export async function submitAccount(namespace: TestNamespace): Promise<ManagerAccount> {
  const objects = await applyManifests('rbac', '--submit', '--namespace', namespace.name)
  return await accountOf(namespace, objects.slice(3))
}

async function accountOf(
  namespace: TestNamespace,
  objects: readonly KubernetesObject[],
): Promise<ManagerAccount> {
  const role = objects.find(isRole)
  const name = role?.metadata?.name ?? ''
  const rules = (role?.rules ?? []).flatMap(ofOneVerb)
  const directory = await withTempDir()
  const path = join(directory.path, 'kubeconfig')
  const config = await configOf(namespace, name)
  await writeFile(path, config.exportConfig(), { mode: 0o600 })
  const access = config.makeApiClient(AuthorizationV1Api)
  const isAllowed = async ({ apiGroups, resources, verbs }: V1PolicyRule): Promise<boolean> => {
    const [resource, subresource] = resources?.[0]?.split('/') ?? []
    const group = apiGroups?.[0] ?? ''
    const verb = verbs[0] ?? ''
    const resourceAttributes = { namespace: namespace.name, group, resource, subresource, verb }
    const body = { spec: { resourceAttributes: withoutUndefined(resourceAttributes) } }
    return (await access.createSelfSubjectAccessReview({ body })).status?.allowed === true
  }
  await eventually('the permissions', async () => (await Promise.all(rules.map(isAllowed))).every(Boolean))
  return {
    path,
    rules,
    without: async (rule) => {
      const others = rules.filter((one) => one !== rule)
      const body = { metadata: { name }, rules: others }
      await namespace.rbac.replaceNamespacedRole({ namespace: namespace.name, name, body })
      await eventually('the other permissions', async () => {
        const [missing, ...present] = await Promise.all([rule, ...others].map(isAllowed))
        return missing === false && present.every(Boolean)
      })
    },
    [Symbol.asyncDispose]: async () => await directory[Symbol.asyncDispose](),
  }
}

function ofOneVerb({ apiGroups = [], resources = [], verbs }: V1PolicyRule): V1PolicyRule[] {
  return verbs.map((verb) => ({ apiGroups, resources, verbs: [verb] }))
}

function isRole(object: KubernetesObject): object is V1Role {
  return object.kind === 'Role'
}

async function configOf({ name: namespace }: TestNamespace, account: string): Promise<KubeConfig> {
  const admin = new KubeConfig()
  admin.loadFromDefault()
  const core = admin.makeApiClient(CoreV1Api)
  const request = { namespace, name: account, body: { spec: { audiences: [], expirationSeconds: 3_600 } } }
  const { status } = await core.createNamespacedServiceAccountToken(request)
  const config = new KubeConfig()
  const cluster = admin.getCurrentCluster()
  if (cluster === null) throw new Error('KUBECONFIG names no cluster')
  config.loadFromClusterAndUser(cluster, { name: account, token: status?.token ?? '' })
  return config
}

function withoutUndefined<T extends object>(record: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  // Only what is there is left.
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as never
}
