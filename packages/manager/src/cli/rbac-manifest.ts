/** Pure: the permissions that a manager needs, each with what it is for. */

import { type Permission, type PermissionUser, permissions } from '../kubernetes/permissions.ts'

/** The name of the ServiceAccount, the Role and the RoleBinding. */
export const managerAccount = 'dialback-manager'

/** YAML of a ServiceAccount for managers inside, and of the Role that managers inside and outside need. */
export function rbacManifest(namespace: string): string {
  return `# What a dialback manager may do, and what for. It is all in one namespace, that of its workers.
# A manager in the cluster runs as this ServiceAccount (serviceAccountName: ${managerAccount}).
# For a manager outside, bind the Role to whoever your kubeconfig is: add a subject to the RoleBinding.
apiVersion: v1
kind: ServiceAccount
metadata:
  name: ${managerAccount}
  namespace: ${namespace}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: ${managerAccount}
  namespace: ${namespace}
rules:
${rules()}---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: ${managerAccount}
  namespace: ${namespace}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: ${managerAccount}
subjects:
  - kind: ServiceAccount
    name: ${managerAccount}
    namespace: ${namespace}
`
}

/** In which order, and what is said before those of each. */
const headings: Readonly<Record<PermissionUser, string>> = {
  manager: '',
  outside: '  # From here on: only for managers outside of the cluster.\n',
  gc: '  # From here on: only for `dialback gc`.\n',
}

function rules(): string {
  return Object.entries(headings)
    .map(([user, heading]) => {
      const ofUser = permissions.filter((permission) => permission.user === user)
      const byResource = Map.groupBy(ofUser, ({ resource }) => resource)
      return heading + [...byResource].map(([resource, verbs]) => rule(resource, verbs)).join('')
    })
    .join('')
}

function rule(resource: string, verbs: readonly Permission[]): string {
  const [kind, group] = resource.split('.', 2)
  return `  - apiGroups: [${group ?? "''"}]
    resources: [${kind}]
    verbs:
${verbs.map(line).join('')}`
}

function line({ verb, purpose, without }: Permission): string {
  return `      - ${verb} # ${purpose}${without === undefined ? '' : `; without it ${without}`}\n`
}
