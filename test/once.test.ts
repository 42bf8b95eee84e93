import { LocalManager } from '@dialback/manager'
import { expect, test } from 'vitest'
import { note, notesSoFar } from './fixtures/notes.ts'
import { withoutSharedMemory } from './support/without-shared-memory.ts'
import { startCluster, type TestCluster } from './test-cluster.ts'
import { openProxy } from './through-proxy.ts'

const mebibyte = 1024 * 1024

interface Counted extends AsyncDisposable {
  readonly cluster: TestCluster['cluster']
  /** How many bytes go to the workers meanwhile. */
  sentBy(work: () => Promise<unknown>): Promise<number>
}

/** Two workers that get everything through a socket, on which bytes are counted. */
async function countedCluster(): Promise<Counted> {
  await using stack = new AsyncDisposableStack()
  const proxy = stack.use(await openProxy())
  const started = stack.use(await startCluster())
  const { cluster } = started
  const env = { ...started.env, ...withoutSharedMemory() }
  await cluster.addProcs(proxy.through(new LocalManager(2, { env })))
  const moved = stack.move()
  return {
    cluster,
    sentBy: async (work) => {
      const before = proxy.sent
      await work()
      return proxy.sent - before
    },
    [Symbol.asyncDispose]: async () => await moved.disposeAsync(),
  }
}

test.each([1, 3, 'auto'] as const)(
  'pmap() sends what a function captured to each worker exactly once (batchSize: %s)',
  async (batchSize) => {
    await using counted = await countedCluster()
    const { cluster, sentBy } = counted
    const captured = new Float64Array(mebibyte).fill(1 / 3)
    const items = Array.from({ length: 1_000 }, (_, i) => i)

    const sent = await sentBy(async () => {
      const values = await cluster.pmap((i) => captured[i], items, { batchSize })
      expect(values).toEqual(items.map(() => 1 / 3))
    })

    expect(sent).toBeGreaterThan(2 * captured.byteLength)
    expect(sent).toBeLessThan(2.1 * captured.byteLength)
  },
)

test('pmap() again, with nothing changed, sends the items alone', async () => {
  await using counted = await countedCluster()
  const { cluster, sentBy } = counted
  const captured = { text: 'captured '.repeat(100_000), tools: { double: (x: number) => x * 2 } }
  const map = async (): Promise<unknown> =>
    await cluster.pmap((i) => note(captured.tools.double(i) + captured.text.length), [1, 2, 3, 4])

  const first = await sentBy(map)
  const second = await sentBy(map)
  captured.text += '!'
  const changed = await sentBy(map)

  expect(first).toBeGreaterThan(2 * 900_000)
  expect(second).toBeLessThan(1_000)
  expect(changed).toBeGreaterThan(2 * 900_000)
})

test('a module goes to each worker once, whichever functions use it', async () => {
  await using counted = await countedCluster()
  const { cluster, sentBy } = counted

  const first = await sentBy(async () => await cluster.pmap((i) => note(i), [1, 2, 3, 4]))
  const other = await sentBy(async () => await cluster.remoteCallFetch(() => notesSoFar().length, 2))

  expect(first).toBeGreaterThan(1_000)
  expect(other).toBeLessThan(1_000)
})

test('remoteCall() of one function sends it once, whatever it captured', async () => {
  await using counted = await countedCluster()
  const { cluster, sentBy } = counted
  const captured = new Uint8Array(mebibyte)
  const sum = (at: number): number => captured[at] ?? 0
  const call = async (): Promise<unknown> => await cluster.remoteCallFetch(sum, 2, 5)

  expect(await sentBy(call)).toBeGreaterThan(mebibyte)
  expect(await sentBy(call)).toBeLessThan(1_000)
})
