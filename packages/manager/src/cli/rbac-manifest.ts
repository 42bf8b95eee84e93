/** Pure: the permissions that a manager needs, and whoever submits scripts, each with what it is for. */

import { splitResource } from '../kubernetes/kube-path.ts'
import { type Permission, type PermissionUser, permissions } from '../kubernetes/permissions.ts'
import { submitPermissions } from '../kubernetes/submit-permissions.ts'
import { yamlText } from './yaml-text.ts'

/** The name of the ServiceAccount, the Role and the RoleBinding of managers. */
export const managerAccount = 'dialback-manager'
/** The same of whoever submits scripts. */
const submitAccount = 'dialback-submit'

/** YAML of a ServiceAccount for managers inside, and of the Role that managers inside and outside need. */
export function rbacManifest(namespace: string): string {
  return `# What a dialback manager may do, and what for. It is all in one namespace, that of its workers.
# A manager in the cluster runs as this ServiceAccount (serviceAccountName: ${managerAccount}).
# For a manager outside, bind the Role to whoever your kubeconfig is: add a subject to the RoleBinding.
${accountManifest({ name: managerAccount, namespace, rules: managerRules() })}`
}

/** YAML of a ServiceAccount that may submit scripts, whose managers run as that of `rbacManifest`. */
export function submitManifest(namespace: string): string {
  return `# What dialback submit, ps, logs, attach and cancel may do, and what for. The managers of the scripts run as ${managerAccount}.
# Another pod, such as a CI job, may run as this ServiceAccount; for a person, add a subject to the RoleBinding.
# Who may make Jobs may run them as any ServiceAccount of the namespace.
${accountManifest({ name: submitAccount, namespace, rules: rulesOf(submitPermissions) })}`
}

interface Account {
  readonly name: string
  readonly namespace: string
  /** YAML. */
  readonly rules: string
}

function accountManifest({ name, namespace: named, rules }: Account): string {
  const namespace = yamlText(named)
  return `apiVersion: v1
kind: ServiceAccount
metadata:
  name: ${name}
  namespace: ${namespace}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: ${name}
  namespace: ${namespace}
rules:
${rules}---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: ${name}
  namespace: ${namespace}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: ${name}
subjects:
  - kind: ServiceAccount
    name: ${name}
    namespace: ${namespace}
`
}

/** In which order, and what is said before those of each. */
const headings: Readonly<Record<Exclude<PermissionUser, 'submit'>, string>> = {
  manager: '',
  outside: '  # From here on: only for managers outside of the cluster.\n',
  gc: '  # From here on: only for `dialback gc`.\n',
}

function managerRules(): string {
  return Object.entries(headings)
    .map(([user, heading]) => heading + rulesOf(permissions.filter((permission) => permission.user === user)))
    .join('')
}

function rulesOf(list: readonly Permission[]): string {
  const byResource = Map.groupBy(list, ({ resource }) => resource)
  return [...byResource].map(([resource, verbs]) => rule(resource, verbs)).join('')
}

function rule(resource: string, verbs: readonly Permission[]): string {
  const { kind, group } = splitResource(resource)
  return `  - apiGroups: [${group || "''"}]
    resources: [${kind}]
    verbs:
${verbs.map(line).join('')}`
}

function line({ verb, purpose, without }: Permission): string {
  return `      - ${verb} # ${purpose}${without === undefined ? '' : `; without it ${without}`}\n`
}
