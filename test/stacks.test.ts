import { readFileSync } from 'node:fs'
import type { RemoteError } from '@dialback/manager'
import { expect, test } from 'vitest'
import { startCluster } from './test-cluster.ts'

function fails(what: string): never {
  throw new RangeError(what)
}

/** The place of some text in this file as a stack shows it. */
function placeOf(text: string): string {
  const before =
    readFileSync(import.meta.filename, 'utf8')
      .split(text)[0]
      ?.split('\n') ?? []
  return `${import.meta.url}:${before.length}:${(before.at(-1) ?? '').length + 1}`
}

test('the stack of a RemoteError leads to the lines of the user, and to nothing else', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const frames = [`    at fails (${placeOf('new RangeError(what)')})`]

  const one = await cluster
    .remoteCallFetch(() => fails('one'), 2)
    .catch((error: unknown) => error as RemoteError)
  const batch = await cluster
    .pmap((what) => fails(what), ['a', 'b'], { batchSize: 2 })
    .catch((error: unknown) => error as RemoteError)

  expect((one as RemoteError).stack?.split('\n')).toEqual([
    'RemoteError: On worker 2: RangeError: one',
    ...frames,
    `    at ${placeOf("fails('one')")}`,
  ])
  expect(((one as RemoteError).cause as Error).stack?.split('\n')).toEqual([
    'RangeError: one',
    ...frames,
    `    at ${placeOf("fails('one')")}`,
  ])
  expect((batch as RemoteError).stack?.split('\n')).toEqual([
    'RemoteError: On worker 2: RangeError: a',
    ...frames,
    `    at ${placeOf('fails(what), [')}`,
  ])
})

test('an error of ours that user code caused keeps its stack', async () => {
  await using started = await startCluster(1)

  const thrown = await started.cluster
    .remoteCallFetch(() => Promise.reject(new Error('from nowhere', { cause: 1 })), 2)
    .catch((error: unknown) => error as RemoteError)

  expect((thrown as RemoteError).cause).toMatchObject({ message: 'from nowhere', cause: 1 })
  expect((thrown as RemoteError).stack).toContain(placeOf("new Error('from nowhere'"))
})
