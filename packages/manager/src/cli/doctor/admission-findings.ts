/** Pure: what the API server said to a dry run → what it means for namespace, Pod Security, other admission and quota. */

import type { KubeError } from '../../kubernetes/kube-error.ts'
import type { Check, Finding } from './finding.ts'

export interface AdmissionFacts {
  readonly namespace: string
  /** Undefined: all would be made. */
  readonly refusal: KubeError | undefined
  /** Of the Pod Security Standards that is enforced, as `restricted:latest`, if it is known. */
  readonly level: string | undefined
  /** Of a worker. */
  readonly size?: { readonly cpu: string; readonly memory: string }
}

/** In the order in which the API server looks. */
const order = ['namespace', 'pod security', 'admission', 'quota'] as const satisfies readonly Check[]
type AdmissionCheck = (typeof order)[number]

/** One finding for each. What comes after a refusal nobody has looked at. */
export function admissionFindings(facts: AdmissionFacts): readonly Finding[] {
  const { refusal } = facts
  const failedAt = refusal === undefined ? order.length : order.indexOf(whoRefused(refusal))
  return order.map((check, index) => {
    if (index > failedAt || (index < failedAt && isSkipped(check, refusal)))
      return { check, status: 'note', message: `not looked at: ${order[failedAt]} comes first` }
    if (index < failedAt) return { check, status: 'ok', message: praise(check, facts) }
    return { check, status: 'failed', message: refusal?.message ?? '', ...adviceFor(check, facts) }
  })
}

/** Only the text tells Pod Security from other admission. */
function whoRefused({ kind, message }: KubeError): AdmissionCheck {
  if (kind === 'namespaceNotFound' || /because it is being terminated/.test(message)) return 'namespace'
  if (/violates PodSecurity/.test(message)) return 'pod security'
  return kind === 'quota' ? 'quota' : 'admission'
}

/** What is no valid object gets no further. */
function isSkipped(check: AdmissionCheck, refusal: KubeError | undefined): boolean {
  return refusal?.kind === 'invalid' && check === 'pod security'
}

function praise(check: AdmissionCheck, { namespace, level, size }: AdmissionFacts): string {
  switch (check) {
    case 'namespace':
      return `${namespace} is there`
    case 'pod security':
      return level === undefined
        ? 'workers are let in'
        : `the namespace enforces "${level}", which workers meet`
    case 'admission':
      return 'nothing refuses workers, or what belongs to them'
    case 'quota':
      return size === undefined
        ? 'there is room'
        : `there is room for a worker of ${size.cpu} CPU and ${size.memory}`
  }
}

function adviceFor(check: AdmissionCheck, { namespace }: AdmissionFacts): { advice?: string } {
  switch (check) {
    case 'namespace':
      return { advice: `kubectl create namespace ${namespace}, or name another one with --namespace` }
    case 'pod security':
      return {
        advice: `Workers meet the restricted standard as they are made; something in the cluster, such as a webhook, changes them. kubectl get namespace ${namespace} -o yaml shows what is enforced`,
      }
    case 'quota':
      return {
        advice: `kubectl describe resourcequota,limitrange -n ${namespace} shows what is used; --cpu and --memory ask for less`,
      }
    case 'admission':
      return {}
  }
}
