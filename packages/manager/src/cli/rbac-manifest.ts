/** Pure: the permissions that a manager needs, each with what it is for. */

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
${rules}---
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

const rules = `  - apiGroups: ['']
    resources: [pods]
    verbs:
      - create # workers
      - delete # workers that are removed, did not come up in time, or have ended
      - get # why a worker ended; the manager's own pod: its image, its uid as the workers' owner
      - list # all workers of a session at once; outside: the relay
      - watch # to hear at once when one starts, waits or ends; without it the manager asks again and again
      - patch # the label worker-id, once a worker has joined; without it there is no label
  - apiGroups: ['']
    resources: [pods/log]
    verbs:
      - get # what workers write, and their last lines in the error when one has died
  - apiGroups: ['']
    resources: [secrets]
    verbs:
      - create # the workers' tokens, and the certificate that they know the manager by
      - delete # when nobody needs them any more
  # From here on: only for managers outside of the cluster.
  - apiGroups: [batch]
    resources: [jobs]
    verbs:
      - create # the relay, which owns all else and takes it away when the manager is gone
      - delete # when the manager is done
      - get # whether it is still there
  - apiGroups: ['']
    resources: [pods/portforward]
    verbs:
      - create # the tunnel to the relay
      - get # the same: over WebSockets older API servers ask for this verb
  # From here on: only for \`dialback gc\`.
  - apiGroups: [batch]
    resources: [jobs]
    verbs:
      - list # relays that have ended
  - apiGroups: ['']
    resources: [secrets]
    verbs:
      - list # those whose manager is gone; it lets their content be read too: leave it out where others keep Secrets
`
