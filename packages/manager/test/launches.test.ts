import { AbortError, LaunchError } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { Launches } from '../src/launches.ts'

/** Ends when its signal fires. */
async function untilAborted(signal: AbortSignal): Promise<never> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  throw signal.reason
}

test('Launches.run() gives what the launch gives', async () => {
  expect(await new Launches().run(undefined, () => Promise.resolve([2]))).toEqual([2])
})

test("Launches.run() ends with the caller's signal", async () => {
  const abort = new AbortController()
  const running = new Launches().run(abort.signal, untilAborted)
  abort.abort(new Error('enough'))
  await expect(running).rejects.toThrow('enough')
})

test('Launches.end() ends what is under way and waits for it, and later launches are refused', async () => {
  const launches = new Launches()
  const outcomes: unknown[] = []
  launches.run(undefined, untilAborted).catch((error: unknown) => outcomes.push(error))

  await launches.end()

  expect(outcomes).toEqual([new AbortError('The cluster was closed while workers were being added')])
  await launches.end()
  await expect(launches.run(undefined, () => Promise.resolve('begun'))).rejects.toThrow(
    new LaunchError('Cannot launch workers: the cluster is closed', []),
  )
})
