/** Pure: the ServiceAccount of one submitted manager, and what it may do. They go with its Job. */

import type { V1OwnerReference, V1Role, V1RoleBinding, V1ServiceAccount } from '@kubernetes/client-node'
import { submissionLabels } from './submission-job.ts'

export interface ManagerAccount {
  readonly name: string
  readonly namespace: string
  readonly owner?: V1OwnerReference | undefined
}

export type AccountObjects = {
  readonly serviceaccounts: V1ServiceAccount
  readonly 'roles.rbac.authorization.k8s.io': V1Role
  readonly 'rolebindings.rbac.authorization.k8s.io': V1RoleBinding
}

/** What a manager in the cluster needs; `dialback manifests rbac` says what for. */
const rules = [
  { apiGroups: [''], resources: ['pods'], verbs: ['create', 'delete', 'get', 'list', 'watch', 'patch'] },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['create', 'delete'] },
]

/** Of each kind one, by the resource that RBAC calls it, in the order in which they are made. */
export function accountObjects({ name, namespace, owner }: ManagerAccount): AccountObjects {
  const metadata = {
    name,
    namespace,
    labels: submissionLabels,
    ...(owner !== undefined && { ownerReferences: [owner] }),
  }
  return {
    serviceaccounts: { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    'roles.rbac.authorization.k8s.io': {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata,
      rules,
    },
    'rolebindings.rbac.authorization.k8s.io': {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  }
}
