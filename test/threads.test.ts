import { remoteCallFetch } from '@dialback/manager'
import { expect, test } from 'vitest'
import { meet } from './fixtures/meeting.ts'
import { startCluster } from './test-cluster.ts'

test('pmap() keeps each thread of a worker busy', async () => {
  await using started = await startCluster(1, { threads: 3 })

  // Each waits until all three run.
  const threads = await started.cluster.pmap(async () => {
    await remoteCallFetch(meet, 1, 3)
    return (await import('node:worker_threads')).threadId
  }, [1, 2, 3])

  expect(new Set(threads).size).toBe(3)
})

test('a thread that answers has loaded neither an HTTP client nor performance hooks', async () => {
  await using started = await startCluster(1)

  const loaded = await started.cluster.remoteCallFetch(
    () => (process as unknown as { moduleLoadList: string[] }).moduleLoadList,
    2,
  )

  expect(loaded).toContain('NativeModule net')
  for (const name of ['http', '_http_client', 'https', 'tls', 'zlib', 'perf_hooks'])
    expect(loaded).not.toContain(`NativeModule ${name}`)
})
