/** Small workers in a namespace, which reach the manager through the tunnel. */

import type { K8sOptions } from '@dialback/manager'
import type { TestNamespace } from './test-namespace.ts'

export function tunnelOptions({ name }: TestNamespace, more: K8sOptions = {}): K8sOptions {
  return { namespace: name, cpu: 0.1, memory: '400Mi', pendingTimeout: 120, connection: 'tunnel', ...more }
}
