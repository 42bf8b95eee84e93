/** What the workers of a submitted script find in their environment. */

import { describe, expect, test } from 'vitest'
import { startSubmit } from './support/submitted.ts'
import { hasCluster, TestNamespace } from './support/test-namespace.ts'

const script = `
import { addProcs, K8sClusterManager, pmap, remoteCallFetch } from '@dialback/manager'
const seen = () => ['MODEL', 'PASSWORD', 'user', 'DIALBACK_WORKERS'].map((name) => process.env[name] ?? '-').join()
console.log(seen(), process.argv[2])
console.log(await pmap(seen, [1]))
const options = { cpu: 0.1, memory: '300Mi', env: { MODEL: '$(own) 5$$' }, pendingTimeout: 90 }
const [id] = await addProcs(new K8sClusterManager(1, options))
console.log([await remoteCallFetch(seen, id)])`

describe.skipIf(!hasCluster)('dialback submit', { timeout: 300_000 }, () => {
  test('gives the workers of its script the variables that it was given, from Secrets too', async () => {
    await using namespace = await TestNamespace.create()
    const secret = { metadata: { name: 'login' }, stringData: { user: 'ann', password: 'secret' } }
    await namespace.core.createNamespacedSecret({ namespace: namespace.name, body: secret })
    const env = [
      '--env',
      'MODEL=$(x) $$y',
      '--secret-env',
      'PASSWORD=login:password',
      '--env-secret',
      'login',
    ]
    await using submitted = await startSubmit(
      { 'main.ts': script },
      ['main.ts', '-n', '1', ...env, '--', '$(user)$$'],
      {
        own: namespace,
      },
    )

    const { code, stdout } = await submitted.running.ended

    const lines = stdout.split('\n').filter((line) => !line.startsWith('dialback info: '))
    expect(lines).toEqual([
      '$(x) $$y,secret,ann,1 $(user)$$',
      "[ '$(x) $$y,secret,ann,-' ]",
      "[ '$(own) 5$$,secret,ann,-' ]",
      '',
    ])
    expect(code).toBe(0)
  })
})
