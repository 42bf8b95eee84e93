/** Where the kubeconfig of a user is looked for who has no home, or cannot look into it, as in a container. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { currentContext } from '../src/kubernetes/kubeconfig.ts'

const inPod = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' }
const podServer = 'https://10.0.0.1:443'

afterEach(() => {
  vi.unstubAllEnvs()
})

test('currentContext() takes a home that is no directory for one without a kubeconfig', async () => {
  vi.stubEnv('HOME', '/dev/null')
  expect((await currentContext(inPod)).server).toBe(podServer)
})

/** Only root can become somebody whom the system does not know. */
describe.skipIf(process.geteuid?.() !== 0)('currentContext() of a user whom the system does not know', () => {
  let closed: string

  beforeEach(async () => {
    closed = await mkdtemp(join(tmpdir(), 'kubeconfig-'))
    process.seteuid?.(54_321)
  })

  afterEach(async () => {
    process.seteuid?.(0)
    await rm(closed, { recursive: true })
  })

  test('and who has no home, uses the service account of the pod', async () => {
    vi.stubEnv('HOME', undefined)
    expect((await currentContext(inPod)).server).toBe(podServer)
    await expect(currentContext({})).rejects.toThrow(
      'Cannot find a Kubernetes cluster: this user has no home, and this process does not run in a pod',
    )
  })

  test('and whose home is closed, uses the service account of the pod', async () => {
    vi.stubEnv('HOME', closed)
    expect((await currentContext(inPod)).server).toBe(podServer)
  })

  test('rejects for a file that it may not read and was told of, or outside of a pod', async () => {
    vi.stubEnv('HOME', closed)
    await expect(currentContext({})).rejects.toThrow('EACCES')
    await expect(currentContext({ ...inPod, KUBECONFIG: join(closed, 'config') })).rejects.toThrow('EACCES')
  })
})
