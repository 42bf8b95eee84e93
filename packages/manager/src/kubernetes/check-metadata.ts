/** Pure: labels and annotations that users pass, checked as the API server would check them. */

import { describe } from '@dialback/protocol'
import { checkStringRecord } from '../options.ts'
import { findingLabels, workerIdLabel } from './pod-labels.ts'

const ownLabels: ReadonlySet<string> = new Set([...Object.keys(findingLabels('')), workerIdLabel])
/** Source of these formats: apimachinery, pkg/util/validation and pkg/api/validation. */
const word = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const maxAnnotationBytes = 256 * 1_024

/** Names of which each part, between dots, begins and ends with a letter or digit. */
export const subdomain: RegExp = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** @throws {TypeError | RangeError} that repeats what cannot be a label, or is not the user's to set. */
export function checkLabels(labels: Readonly<Record<string, string>> | undefined): void {
  checkStringRecord('labels', labels)
  for (const [key, value] of Object.entries(labels ?? {})) {
    checkKey('labels', key)
    if (ownLabels.has(key))
      throw new RangeError(`labels must not have ${describe(key)}, which dialback sets: ${describe(value)}`)
    if (value !== '' && !word.test(value))
      throw new RangeError(
        `labels[${describe(key)}] must have at most 63 letters, digits, "-", "_" and ".", a letter or digit first and last: ${describe(value)}`,
      )
  }
}

/** @throws {TypeError | RangeError} that repeats what cannot be an annotation. */
export function checkAnnotations(annotations: Readonly<Record<string, string>> | undefined): void {
  checkStringRecord('annotations', annotations)
  let bytes = 0
  for (const [key, value] of Object.entries(annotations ?? {})) {
    checkKey('annotations', key)
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value)
  }
  if (bytes > maxAnnotationBytes)
    throw new RangeError(`annotations must have at most ${maxAnnotationBytes} bytes together: ${bytes}`)
}

function checkKey(of: string, key: string): void {
  const [name = '', prefix, ...more] = key.split('/').reverse()
  // Kubernetes takes capitals in the prefix of an annotation, and of nothing else.
  const domain = of === 'annotations' ? prefix?.toLowerCase() : prefix
  const isPrefix = domain === undefined || (domain.length <= 253 && subdomain.test(domain))
  if (more.length === 0 && isPrefix && word.test(name)) return
  throw new RangeError(
    `${of} must have keys that Kubernetes takes ("name" or "example.org/name", the name at most 63 letters, digits, "-", "_" and "."): ${describe(key)}`,
  )
}
