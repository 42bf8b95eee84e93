/** Whether the cluster lets us do what a manager has to do. */

import { splitResource } from '../../kubernetes/kube-path.ts'
import { type Permission, permissions } from '../../kubernetes/permissions.ts'
import { submitPermissions } from '../../kubernetes/submit-permissions.ts'
import type { Finding } from './finding.ts'
import type { Patient } from './step.ts'

/** As a finding's subject: `create pods`. */
export function permissionName({ verb, resource }: Permission): string {
  return `${verb} ${resource}`
}

/** Those that are asked for. */
export function permissionsFor({ isForSubmit }: Pick<Patient, 'isForSubmit'>): readonly Permission[] {
  return isForSubmit ? submitPermissions : permissions
}

/** One finding for each. */
export async function checkPermissions(patient: Patient): Promise<readonly Finding[]> {
  return await Promise.all(
    permissionsFor(patient).map(async (permission) => await review(permission, patient)),
  )
}

async function review(permission: Permission, { api, namespace, isInside }: Patient): Promise<Finding> {
  const { verb, resource, user } = permission
  const finding = { check: 'permission', subject: permissionName(permission) } as const
  const { isAllowed, reason } = await api.reviewAccess({ namespace, verb, resource })
  if (isAllowed) return { ...finding, status: 'ok', message: 'allowed' }
  if (user === 'outside' && isInside)
    return { ...finding, status: 'note', message: 'missing; only managers outside of the cluster need it' }
  const why = reason === undefined ? '' : ` (${reason})`
  return {
    ...finding,
    status: 'failed',
    message: `missing${why}; ${consequence(permission)}`,
    advice: `A Role in namespace "${namespace}" has to have the rule ${ruleText(permission)}; "dialback manifests rbac ${user === 'submit' ? '--submit ' : ''}--namespace ${namespace}" prints one with all, which a RoleBinding has to give to whom your kubeconfig says you are`,
  }
}

function consequence({ user, purpose, without }: Permission): string {
  if (user === 'gc') return 'dialback gc needs it, and nothing else does'
  return without === undefined ? `it is for ${purpose}` : `without it ${without}`
}

/** As it is written in a Role, in one line. */
function ruleText({ verb, resource }: Permission): string {
  const { kind, group } = splitResource(resource)
  return `{apiGroups: [${group || "''"}], resources: [${kind}], verbs: [${verb}]}`
}
