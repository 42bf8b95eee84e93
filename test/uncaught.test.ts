import { expect, test } from 'vitest'
import { startCluster } from './test-cluster.ts'

test.each<[title: string, later: () => void]>([
  [
    'in a timer',
    () =>
      void setTimeout(() => {
        throw new RangeError('nobody catches this')
      }),
  ],
  ['in a promise that is not awaited', () => void Promise.reject(new RangeError('nobody catches this'))],
])('what is thrown %s on a worker ends it, and its calls reject with that', async (_title, later) => {
  await using started = await startCluster(1)

  const running = started.cluster.remoteCallFetch(
    async (fail: () => void) => {
      fail()
      await new Promise(() => {})
    },
    2,
    later,
  )

  await expect(running).rejects.toMatchObject({
    message: 'Worker 2 was terminated due to: Exited (exit code 1: RangeError: nobody catches this)',
    blame: 'item',
  })
})
