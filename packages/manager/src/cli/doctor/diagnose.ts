/** What is looked at, in which order, and what is left out after something has failed. */

import type { Permission, PermissionUser } from '../../kubernetes/permissions.ts'
import { checkAdmission } from './check-admission.ts'
import { checkConnections, waysFor } from './check-connections.ts'
import { checkPermissions, permissionName, permissionsFor } from './check-permissions.ts'
import { checkPod } from './check-pod.ts'
import { checkAccount, checkSubmission } from './check-submission.ts'
import type { Finding } from './finding.ts'
import type { Patient, Step } from './step.ts'

/** Gives findings as they are made. @throws the reason of the patient's signal; what was made is then removed. */
export async function* diagnose(patient: Patient): AsyncGenerator<Finding> {
  const findings: Finding[] = []
  for (const step of stepsFor(patient)) {
    const made = await findingsOf(step, patient, findings)
    findings.push(...made)
    yield* made
  }
}

async function findingsOf(
  step: Step,
  patient: Patient,
  before: readonly Finding[],
): Promise<readonly Finding[]> {
  const blocker = before.find((finding) => isBlocking(finding, step, permissionsFor(patient)))
  if (blocker !== undefined) {
    const { check, subject } = blocker
    const message = `not looked at: ${subject === undefined ? check : `${check} ${subject}`} comes first`
    return step.checks.map((name) => ({ check: name, status: 'note', message }))
  }
  try {
    return await step.run(patient)
  } catch (error) {
    patient.signal.throwIfAborted()
    const message = error instanceof Error ? error.message : String(error)
    return [{ check: step.checks[0], status: 'failed', message }]
  }
}

function isBlocking(
  { check, subject, status }: Finding,
  { needs, permissionsOf }: Step,
  asked: readonly Permission[],
): boolean {
  if (status === 'ok') return false
  if (check !== 'permission') return needs.includes(check)
  const permission = asked.find((one) => permissionName(one) === subject)
  return permission !== undefined && isNeeded(permission, permissionsOf)
}

function isNeeded({ user, without }: Permission, users: readonly PermissionUser[]): boolean {
  return without === undefined && users.includes(user)
}

function stepsFor(patient: Patient): readonly Step[] {
  const { isForSubmit } = patient
  return [
    { checks: ['cluster'], needs: [], permissionsOf: [], run: checkCluster },
    { checks: ['permission'], needs: ['cluster'], permissionsOf: [], run: checkPermissions },
    ...(isForSubmit ? submitSteps : workerSteps(patient)),
  ]
}

const submitSteps: readonly Step[] = [
  { checks: ['namespace', 'admission'], needs: ['cluster'], permissionsOf: ['submit'], run: checkSubmission },
  { checks: ['account'], needs: ['cluster', 'namespace'], permissionsOf: [], run: checkAccount },
]

function workerSteps(patient: Patient): readonly Step[] {
  const permissionsOf: readonly PermissionUser[] = patient.isInside ? ['manager'] : ['manager', 'outside']
  const needs = ['cluster', 'namespace', 'pod security', 'admission', 'quota'] as const
  return [
    {
      checks: ['namespace', 'pod security', 'admission', 'quota'],
      needs: ['cluster'],
      permissionsOf,
      run: checkAdmission,
    },
    { checks: ['scheduling', 'image', 'clock'], needs, permissionsOf, run: checkPod },
    {
      checks: waysFor(patient),
      needs: [...needs, 'scheduling', 'image'],
      permissionsOf,
      run: checkConnections,
    },
  ]
}

async function checkCluster({ api }: Patient): Promise<readonly Finding[]> {
  const message = `Kubernetes ${await api.version()} at ${api.context.server}`
  return [{ check: 'cluster', status: 'ok', message }]
}
