/** Reads the name of a namespace from a command line. */

import { InvalidArgumentError } from 'commander'
import { resolveK8sOptions } from '../kubernetes/k8s-options.ts'

/** @throws {InvalidArgumentError} for what Kubernetes does not take. */
export function namespaceName(text: string): string {
  try {
    resolveK8sOptions(0, { namespace: text })
    return text
  } catch {
    throw new InvalidArgumentError('It must be a name that Kubernetes takes (a-z, 0-9 and -, at most 63).')
  }
}
