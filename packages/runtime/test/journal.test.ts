import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RemoteError } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { Carrier } from '../src/carrier.ts'
import type { CollectionHost } from '../src/collection-host.ts'
import { imap } from '../src/imap.ts'
import { pmap } from '../src/pmap.ts'
import { preduce } from '../src/preduce.ts'
import { failures, note, noted } from './computed.ts'
import { SimulatedCluster } from './simulated-cluster.ts'

/** Workers, and the name of a journal. */
async function withJournal() {
  const directory = await mkdtemp(join(tmpdir(), 'dialback-test-'))
  const carrier = new Carrier({ runtimeModule: {}, isRuntimeModule: () => false })
  const host: CollectionHost = Object.assign(new SimulatedCluster({ workers: 2 }), { carrier })
  const journal = join(directory, 'j')
  return {
    host,
    journal,
    options: { journal },
    [Symbol.asyncDispose]: async () => await rm(directory, { recursive: true }),
  }
}

/** The function that the tests map: it must be the same in each run. */
const twice = (item: number, index: number): number => 2 * note(item, index)

test.each([1, 3, 'auto'] as const)(
  'pmap() with a journal runs only what is missing, in batches of %s',
  async (batchSize) => {
    await using at = await withJournal()
    await pmap(at.host, twice, [1, 2, 3, 4, 5], at.options)
    noted()

    const values = await pmap(at.host, twice, [9, 2, 3, 8, 7, 5, 6], { journal: at.journal, batchSize })

    expect(values).toEqual([18, 4, 6, 16, 14, 10, 12])
    expect(noted()).toEqual([
      [9, 0],
      [8, 3],
      [7, 4],
      [6, 6],
    ])
  },
)

test('pmap() with a journal has a value for each of several equal items', async () => {
  await using at = await withJournal()
  await pmap(at.host, twice, [4, 4], at.options)
  noted()

  expect(await pmap(at.host, twice, [4, 4, 4], at.options)).toEqual([8, 8, 8])
  expect(noted()).toEqual([[4, 2]])
})

test('pmap() with a journal reads any input to its end', async () => {
  await using at = await withJournal()
  const items = Array.from({ length: 500 }, (_, i) => i)
  const expected = items.map((item) => 2 * item)
  async function* slowly(): AsyncGenerator<number> {
    yield* items
  }
  expect(await pmap(at.host, twice, slowly(), at.options)).toEqual(expected)
  noted()

  expect(await pmap(at.host, twice, slowly(), at.options)).toEqual(expected)
  expect(await pmap(at.host, twice, items.values(), at.options)).toEqual(expected)
  expect(await pmap(at.host, twice, [], at.options)).toEqual([])
  expect(noted()).toEqual([])
})

test('pmap() with a journal keeps what succeeded of a run that failed, and nothing that onError gave', async () => {
  await using at = await withJournal()
  const flaky = (item: number, index: number): number => {
    note(item, index)
    if (item === 2 && failures.left-- > 0) throw new Error('no luck')
    return item
  }
  failures.left = 2
  const replaced = await pmap(at.host, flaky, [1, 2, 3], { journal: at.journal, onError: () => -1 })
  await expect(pmap(at.host, flaky, [1, 2, 3], at.options)).rejects.toThrow(RemoteError)
  noted()

  expect(await pmap(at.host, flaky, [1, 2, 3], at.options)).toEqual([1, 2, 3])
  expect({ replaced, noted: noted() }).toEqual({ replaced: [1, -1, 3], noted: [[2, 1]] })
})

test('pmap() with a journal stores what a further attempt gave', async () => {
  await using at = await withJournal()
  const flaky = (item: number, index: number): number => {
    note(item, index)
    if (failures.left-- > 0) throw new Error('no luck')
    return item
  }
  failures.left = 1
  await pmap(at.host, flaky, [5], { journal: at.journal, retryDelays: [0] })
  noted()

  expect(await pmap(at.host, flaky, [5], at.options)).toEqual([5])
  expect(noted()).toEqual([])
})

test('pmap() with a journal names items as key() says', async () => {
  await using at = await withJournal()
  const key = ({ id }: { id: string }): string => id
  const valueOf = (item: { id: string; value: number }): number => note(item.value, 0)
  await pmap(at.host, valueOf, [{ id: 'a', value: 1 }], { journal: { file: at.journal, key } })

  const again = [
    { id: 'b', value: 2 },
    { id: 'a', value: 3 },
  ]
  expect(await pmap(at.host, valueOf, again, { journal: { file: at.journal, key } })).toEqual([2, 1])
})

test('imap() with a journal gives what is stored and the rest, in order', async () => {
  await using at = await withJournal()
  for await (const value of imap(at.host, twice, [1, 2, 3, 4], at.options)) if (value === 4) break
  noted()

  const values = await Array.fromAsync(imap(at.host, twice, [0, 1, 2], at.options))

  expect(values).toEqual([0, 2, 4])
  expect(noted()).toEqual([[0, 0]])
})

/** Functions that differ in what they captured. */
const adder = (offset: number) => (item: number) => note(item, 0) + offset

test('pmap() refuses the journal of a function that has changed, and says what has', async () => {
  await using at = await withJournal()
  await pmap(at.host, adder(1), [1], at.options)

  await expect(pmap(at.host, adder(2), [1], at.options)).rejects.toMatchObject({
    name: 'JournalError',
    problem: 'changed',
    message: expect.stringContaining(
      `Cannot go on with journal ${at.journal}: it has results of a function without a name before the captured "offset" changed. `,
    ) as string,
  })
  await expect(pmap(at.host, twice, [1], at.options)).rejects.toThrow(
    'it has results of a function without a name, and this is function "twice"',
  )
})

test.each([
  ['restart', [11, 12]],
  ['keep', [2, 12]],
] as const)("pmap() goes on with a journal as onChange: '%s' says", async (onChange, expected) => {
  await using at = await withJournal()
  await pmap(at.host, adder(1), [1], at.options)

  expect(await pmap(at.host, adder(10), [1, 2], { journal: { file: at.journal, onChange } })).toEqual(
    expected,
  )
  expect(await pmap(at.host, adder(10), [1, 2], at.options)).toEqual(expected)
})

class Point {
  readonly x = 1
}

test.each([
  ['a result', () => ({ at: [new Point()] }), [1], 'result of item 0 › .at › [0] in journal'],
  ['an item', () => 1, [new Point()], 'key of item 0 in journal'],
])('pmap() with a journal refuses %s that is more than plain data', async (_, fn, items, words) => {
  await using at = await withJournal()
  const host: CollectionHost = at.host

  const failed = pmap<unknown, unknown>(host, fn, items, { journal: at.journal, distributed: false })

  await expect(failed).rejects.toMatchObject({
    problem: 'unstorable',
    message: expect.stringContaining(words) as string,
  })
  await expect(failed).rejects.toThrow(': Point. It keeps plain data only, which the next process can read')
})

test('pmap() refuses a journal on a worker, and preduce() everywhere', async () => {
  await using at = await withJournal()
  const worker: CollectionHost = Object.assign(new SimulatedCluster({ workers: 1 }), { id: 3 })

  await expect(pmap(worker, twice, [1], at.options)).rejects.toMatchObject({ problem: 'misplaced' })
  // @ts-expect-error: nor does its type take one.
  const refused = preduce(at.host, { fn: twice, reduce: (a, b) => a + b }, [1], { journal: 'a' })
  await expect(refused).rejects.toThrow("Unknown option of preduce: 'journal'")
})

test.each([
  [5, "journal must be a file's name or an object with one: 5"],
  [{}, 'journal.file must be the name of a file: undefined'],
  [{ file: 'j', keys: 1 }, "Unknown option of journal: 'keys' (known: file, key, onChange)"],
  [{ file: 'j', key: 'id' }, "journal.key must be a function: 'id'"],
  [{ file: 'j', onChange: 'ask' }, "journal.onChange must be 'reject', 'restart' or 'keep': 'ask'"],
])('pmap() refuses the option journal: %j', async (journal, message) => {
  const options = { journal } as object
  await expect(pmap(new SimulatedCluster({ workers: 1 }), twice, [1], options)).rejects.toThrow(message)
})
