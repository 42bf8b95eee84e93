import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { withTempDir } from './support/temp-dir.ts'
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

test('the last lines of a worker are told also by a manager that is held up while they come', async () => {
  await using dir = await withTempDir()
  await using started = await startCluster(1)
  const { cluster } = started
  const written = join(dir.path, 'written')
  const pid = await cluster.remoteCallFetch(() => process.pid, 2)
  const holdUp = (): void => {
    if (!hasEnded(pid)) return
    process.off('SIGCHLD', holdUp)
    // It has heard of the end by then, and does nothing until the line is there and the time for it is over.
    setImmediate(() => {
      const until = performance.now() + 500
      while (!existsSync(written) || performance.now() < until);
    })
  }
  process.on('SIGCHLD', holdUp)

  const running = cluster.remoteCallFetch(
    (file: string) => {
      const script = 'sleep 0.1; echo late; : > "$0"'
      spawn('sh', ['-c', script, file], { stdio: ['ignore', 'inherit', 'inherit'] })
      process.exit(3)
    },
    2,
    written,
  )

  await expect(running).rejects.toMatchObject({ exitCode: 3, logs: ['late'] })
})

/** Of a process that nobody has waited for the command line is gone. */
function hasEnded(pid: number): boolean {
  const path = `/proc/${pid}/cmdline`
  return !existsSync(path) || readFileSync(path, 'utf8') === ''
}

test('a worker that does not start is told of with what it wrote', async () => {
  await using started = await startCluster()

  const adding = started.cluster.addProcs(1, { execArgv: ['--no-such-option'], env: started.env })

  await expect(adding).rejects.toThrow(
    /local-2 ended before it joined: Exited \(exit code 9, last output: .*: bad option: --no-such-option\)/,
  )
})
