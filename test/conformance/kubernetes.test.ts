import { afterAll, describe } from 'vitest'
import { makeManager } from '../contract/kubernetes-manager.ts'
import { managedNamespace } from '../kubernetes/support/managed-namespace.ts'
import { hasCluster } from '../kubernetes/support/test-namespace.ts'
import { conformanceSuite } from './suite.ts'

describe.skipIf(!hasCluster)('on Kubernetes', async () => {
  const namespace = hasCluster ? await managedNamespace() : undefined
  afterAll(async () => await namespace?.[Symbol.asyncDispose](), 120_000)

  conformanceSuite({
    name: 'pods',
    makeManager,
    caseLimitMs: 120_000,
    startLimitMs: 120_000,
  })
})
