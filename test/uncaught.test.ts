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

test('what a worker wrote last before it ended itself is told as that, and not as the cause', async () => {
  await using started = await startCluster(1)

  const running = started.cluster.remoteCallFetch(() => {
    console.log('10 of 20 done')
    process.exit(1)
  }, 2)

  await expect(running).rejects.toMatchObject({
    message: 'Worker 2 was terminated due to: Exited (exit code 1, last output: 10 of 20 done)',
    logs: ['10 of 20 done'],
  })
})

test('a worker that does not start is told of with what it wrote', async () => {
  await using started = await startCluster()

  const adding = started.cluster.addProcs(1, { execArgv: ['--no-such-option'], env: started.env })

  await expect(adding).rejects.toThrow(
    /local-2 ended before it joined: Exited \(exit code 9, last output: .*: bad option: --no-such-option\)/,
  )
})
