/** Whether `dialback submit` would get a Job, and an account for its manager: by dry runs of the real objects. */

import { randomInt } from 'node:crypto'
import type { V1Job, V1Pod } from '@kubernetes/client-node'
import { KubeError } from '../../kubernetes/kube-error.ts'
import { podNames } from '../../kubernetes/pod-names.ts'
import { accountObjects } from '../../submit/manager-account.ts'
import { starterText } from '../../submit/starter-text.ts'
import { programConfigMap, submissionJob } from '../../submit/submission-job.ts'
import { managerAccount } from '../rbac-manifest.ts'
import { admissionFindings } from './admission-findings.ts'
import type { Finding } from './finding.ts'
import type { Patient } from './step.ts'

const check = 'account'

/** What the manager of a script would run as. */
export async function checkAccount(patient: Patient): Promise<readonly Finding[]> {
  const { api, namespace } = patient
  try {
    await api.getObject(namespace, 'serviceaccounts', managerAccount)
    return [{ check, status: 'ok', message: `managers run as "${managerAccount}", which is there` }]
  } catch (error) {
    if (!(error instanceof KubeError)) throw error
    if (error.kind === 'forbidden')
      return [{ check, status: 'note', message: `nobody may look whether "${managerAccount}" is there` }]
    if (error.kind !== 'notFound') throw error
  }
  const refusal = await refusalOfAccount(patient)
  if (refusal === undefined) return [{ check, status: 'ok', message: 'one is made for each Job' }]
  return [
    {
      check,
      status: 'failed',
      message: `there is no "${managerAccount}", and none may be made for each Job: ${refusal}`,
      advice: `Somebody who may has to make it: dialback manifests rbac --namespace ${namespace} | kubectl apply -f -`,
    },
  ]
}

/** Why no account can be made; who has not its rights may not give them. */
async function refusalOfAccount({ api, namespace }: Patient): Promise<string | undefined> {
  const { 'rolebindings.rbac.authorization.k8s.io': binding, ...others } = accountObjects({
    name: nameOfTrial(),
    namespace,
  })
  try {
    for (const [resource, object] of Object.entries(others)) await api.tryCreate(namespace, resource, object)
  } catch (error) {
    if (error instanceof KubeError) return error.message
    throw error
  }
  // A dry run would look for the Role that it binds.
  const resource = 'rolebindings.rbac.authorization.k8s.io'
  const { isAllowed } = await api.reviewAccess({ namespace, verb: 'create', resource })
  return isAllowed ? undefined : `there is no permission to create ${binding.kind}s`
}

/** The Job and its program. */
export async function checkSubmission({ api, namespace }: Patient): Promise<readonly Finding[]> {
  const name = nameOfTrial()
  const size = { cpu: '0.5', memory: '1Gi' }
  const job = submissionJob({
    ...size,
    name,
    namespace,
    image: 'localhost/none',
    script: 'main.ts',
    args: [],
    workers: { count: 1, ...size },
    env: [],
    envSecrets: [],
    serviceAccountName: managerAccount,
    ttlSeconds: 1,
    backoffLimit: 0,
    unfinishedUntil: new Date().toISOString(),
  })
  const starter = starterText()
  try {
    await api.tryCreate(namespace, 'jobs.batch', job)
    await api.tryCreate(
      namespace,
      'configmaps',
      programConfigMap({ name, namespace, starter, program: undefined }),
    )
    await tryPod({ api, namespace }, job)
  } catch (error) {
    if (!(error instanceof KubeError)) throw error
    const findings = admissionFindings({ namespace, refusal: error, level: undefined })
    return findings.filter(({ status }) => status === 'failed')
  }
  return [
    { check: 'namespace', status: 'ok', message: `${namespace} is there` },
    { check: 'admission', status: 'ok', message: 'nothing refuses the Job of a script, or its program' },
  ]
}

/**
 * A Job is made also where none of its pods can be, as the quota stands. Its controller makes them: who submits need not be allowed
 * to, and is then not told.
 */
async function tryPod({ api, namespace }: Pick<Patient, 'api' | 'namespace'>, job: V1Job): Promise<void> {
  const { isAllowed } = await api.reviewAccess({ namespace, verb: 'create', resource: 'pods' })
  const { spec } = job.spec?.template ?? {}
  if (!isAllowed || spec === undefined) return
  // Its account is looked at by itself.
  const { serviceAccountName: _, ...others } = spec
  const pod: V1Pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: nameOfTrial() }, spec: others }
  await api.tryCreate(namespace, 'pods', pod)
}

function nameOfTrial(): string {
  const [name = 'doctor'] = podNames('doctor', 1, (below) => randomInt(below))
  return name
}
