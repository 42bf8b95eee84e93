/** A namespace for the managers that `test/contract/kubernetes-manager.ts` makes, also in scripts of the tests. */

import { reachableAddress, TestNamespace } from './test-namespace.ts'

/** Makes the namespace, and tells this process and those that it starts where it is and what its pods can dial. */
export async function managedNamespace(): Promise<TestNamespace> {
  const namespace = await TestNamespace.create()
  process.env['DIALBACK_TEST_NAMESPACE'] = namespace.name
  process.env['DIALBACK_TEST_ADDRESS'] = await reachableAddress(namespace)
  return namespace
}
