import { expect, test } from 'vitest'
import { resourcePath, splitResource } from '../src/kubernetes/kube-path.ts'

test('splitResource() gives the group of a resource whole, dots and all', () => {
  expect(splitResource('pods/log')).toEqual({ kind: 'pods/log', group: '' })
  expect(splitResource('jobs.batch')).toEqual({ kind: 'jobs', group: 'batch' })
  const binding = { kind: 'rolebindings', group: 'rbac.authorization.k8s.io' }
  expect(splitResource('rolebindings.rbac.authorization.k8s.io')).toEqual(binding)
})

test('resourcePath() says where an object, all of a namespace, or all of a cluster are', () => {
  expect(resourcePath('pods', 'a/b', 'c')).toBe('/api/v1/namespaces/a%2Fb/pods/c')
  expect(resourcePath('jobs.batch', '')).toBe('/apis/batch/v1/jobs')
  expect(resourcePath('roles.rbac.authorization.k8s.io', 'n')).toBe(
    '/apis/rbac.authorization.k8s.io/v1/namespaces/n/roles',
  )
})
