/** Workers end: asked to, killed, by themselves, or silent; and what their calls and the log then say. */

import { writeSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startCluster } from '../test-cluster.ts'
import type { Contract } from './cluster-manager-contract.ts'

export function endingContract({ makeManager, killed, exited, left }: Contract): void {
  test('rmProcs() ends a worker without a warning and rejects what runs there', async () => {
    await using started = await startCluster()
    const { cluster, env, log } = started
    await cluster.addProcs(makeManager(2, { env }))

    const running = cluster.remoteCallFetch(() => new Promise(() => {}), 2)
    const rejection = expect(running).rejects.toMatchObject({
      workerId: 2,
      reason: 'Removed',
      blame: 'requested',
    })
    await cluster.rmProcs([2, 3])

    await rejection
    expect(await left(env['DIALBACK_TEST_ID'] ?? '')).toEqual([])
    // While it waited for them it may have said why.
    expect(log.filter((line) => !line.startsWith('info: '))).toEqual([])
    expect(cluster.procs()).toEqual([1])
  })

  test('rmProcs() ends a worker that is in a busy loop or ignores every request', async () => {
    await using started = await startCluster()
    const { cluster, env } = started
    await cluster.addProcs(makeManager(2, { env }))
    cluster.remoteDo(spin, 2)
    cluster.remoteDo(refuseToEnd, 3)
    await Promise.all([started.logged('2: spinning'), started.logged('3: refusing')])

    await cluster.rmProcs([2, 3])

    expect(await left(env['DIALBACK_TEST_ID'] ?? '')).toEqual([])
  })

  test('SIGKILL of a worker rejects what ran there, and nothing else, with one warning of the same words', async () => {
    await using started = await startCluster()
    const { cluster, env, log } = started
    await cluster.addProcs(makeManager(2, { env }))
    const other = cluster.remoteCallFetch(
      () => new Promise((resolve) => setTimeout(resolve, 1_000, 'other')),
      3,
    )
    const running = cluster.remoteCallFetch(() => new Promise(() => {}), 2)
    running.catch(() => {})

    const error = await errorOf(cluster.remoteCallFetch(() => process.kill(process.pid, 'SIGKILL'), 2))

    expect(error).toMatchObject({
      name: 'WorkerTerminatedError',
      code: 'WORKER_TERMINATED',
      workerId: 2,
      ...killed,
    })
    await expect(running).rejects.toMatchObject({ workerId: 2, ...killed })
    expect(await other).toBe('other')
    expect(cluster.workers()).toEqual([3])
    expect(log.filter((line) => line.startsWith('warn'))).toEqual([`warn: ${error.message}`])
    await expect(cluster.remoteCallFetch(() => 0, 2)).rejects.toMatchObject({ workerId: 2, ...killed })
  })

  test('process.exit() in a call ends the worker with that code', async () => {
    await using started = await startCluster()
    const { cluster, env } = started
    await cluster.addProcs(makeManager(1, { env }))

    const error = await errorOf(cluster.remoteCallFetch(() => process.exit(9), 2))

    expect(error).toMatchObject({ name: 'WorkerTerminatedError', ...exited(9) })
    expect(error.message).toMatch(/^Worker 2.* was terminated due to: \w+ \(.*exit code 9/)
  })

  test('an error that nothing caught ends the worker, and the last lines that it wrote are in the error', async () => {
    await using started = await startCluster()
    const { cluster, env } = started
    await cluster.addProcs(makeManager(1, { env }))

    const error = await errorOf(cluster.remoteCallFetch(crashSoon, 2))

    expect(error).toMatchObject({ name: 'WorkerTerminatedError', ...exited(1) })
    const logs = 'logs' in error && Array.isArray(error.logs) ? error.logs.join('\n') : ''
    expect(logs).toContain('about to crash')
    expect(logs).toContain('RangeError: out of luck')
  })

  test('what a worker writes appears line by line, with its id', async () => {
    await using started = await startCluster()
    const { cluster, env, output } = started
    await cluster.addProcs(makeManager(2, { env }))

    await cluster.remoteCallFetch(() => console.log('one\ntwo'), 2)
    await cluster.remoteCallFetch(() => console.error('three'), 3)
    await Promise.all([started.logged('2: two'), started.logged('3: three')])

    expect(output.filter((line) => line.startsWith('2'))).toEqual(['2: one', '2: two'])
    expect(output.filter((line) => line.startsWith('3'))).toEqual(['3: three'])
  })

  test('a worker that stops saying anything counts as disconnected within 30 s, and is ended', {
    timeout: 90_000,
  }, async () => {
    await using started = await startCluster()
    const { cluster, env } = started
    await cluster.addProcs(makeManager(2, { env }))
    const startedAt = performance.now()

    const error = await errorOf(cluster.remoteCallFetch(stop, 2))

    expect(error).toMatchObject({
      name: 'WorkerTerminatedError',
      reason: 'Disconnected',
      blame: 'infrastructure',
    })
    expect(performance.now() - startedAt).toBeLessThan(30_000)
    expect(await cluster.remoteCallFetch(() => 'other', 3)).toBe('other')
    await cluster.rmProcs(3)
    expect(await left(env['DIALBACK_TEST_ID'] ?? '')).toEqual([])
  })
}

function spin(): void {
  writeSync(2, 'spinning\n')
  for (;;);
}

function refuseToEnd(): void {
  // In a thread these listeners hear of no signal, and an exit handler that never returns is the worst it can do.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => {})
  process.on('exit', () => {
    for (;;);
  })
  writeSync(2, 'refusing\n')
}

function stop(): Promise<never> {
  process.kill(process.pid, 'SIGSTOP')
  // The main thread takes the signal, and this one may have gone on for a while until it stops as well.
  return new Promise(() => {})
}

function crashSoon(): Promise<never> {
  console.error('about to crash')
  setTimeout(() => {
    throw new RangeError('out of luck')
  }, 20)
  return new Promise(() => {})
}

async function errorOf(call: Promise<unknown>): Promise<Error> {
  const error = await call.then(
    (value) => `a value: ${String(value)}`,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error)) throw new Error(`Expected an Error: ${String(error)}`)
  return error
}
