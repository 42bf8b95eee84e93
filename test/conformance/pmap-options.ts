/** All combinations of pmap's options: what comes out, and how often each item is tried. */

import { type Cluster, type CollectionOptions, pmap, remoteCallFetch } from '@dialback/manager'
import { expect, test } from 'vitest'
import { attemptOf, attemptsOf } from './fixtures/attempts.ts'
import { group, type Place, range } from './place.ts'

type Options = CollectionOptions<number, number>

interface Combination {
  readonly distributed: boolean
  readonly batchSize: number | 'auto'
  readonly delays: readonly number[]
  readonly check: 'none' | 'yes' | 'no' | 'first'
  readonly onError: 'none' | 'value' | 'throws'
  readonly hasSignal: boolean
  /** How often item 5 of 12 fails before it succeeds. */
  readonly failures: number
}

interface Outcome {
  /** The values, or the error. */
  readonly outcome: string
  /** What the functions of the options were told. */
  readonly heard: readonly string[]
  /** Of the item that fails. */
  readonly attempts: number
}

const itemCount = 12
const failing = 5

export function pmapOptionCases(place: Place): void {
  group(place, 'all combinations of the options of pmap', (shared) => {
    const kinds = [true, false].flatMap((distributed) =>
      ([1, 4, 'auto'] as const).map((batchSize) => ({ distributed, batchSize })),
    )
    test.each(kinds)('distributed: $distributed, batchSize: $batchSize', async (kind) => {
      const all = combinations(kind)
      const outcomes = await Promise.all(all.map(async (each) => await outcomeOf(shared.cluster, each)))
      for (const [at, each] of all.entries())
        expect(outcomes[at], JSON.stringify(each)).toEqual(expectedOf(each))
    })

    test.each(kinds)('on a worker, distributed: $distributed, batchSize: $batchSize', async (kind) => {
      const options = { ...kind, retryDelays: [0, 0] }
      const key = crypto.randomUUID()
      const values = await shared.cluster.remoteCallFetch(mapThere, 2, key, options)
      expect(values).toEqual(range(itemCount).map((n) => n * n))
      expect(attemptsOf(`${key} ${failing}`)).toBe(2)
    })
  })
}

function combinations(kind: Pick<Combination, 'distributed' | 'batchSize'>): Combination[] {
  return [[], [0], [0, 0.001]].flatMap((delays) =>
    (['none', 'yes', 'no', 'first'] as const).flatMap((check) =>
      (['none', 'value', 'throws'] as const).flatMap((onError) =>
        [true, false].flatMap((hasSignal) =>
          [0, 1, 2, 9].map((failures) => ({ ...kind, delays, check, onError, hasSignal, failures })),
        ),
      ),
    ),
  )
}

async function outcomeOf(cluster: Cluster, combination: Combination): Promise<Outcome> {
  const { distributed, batchSize, delays, check, onError, hasSignal, failures } = combination
  const key = crypto.randomUUID()
  const heard: string[] = []
  const checks = { none: undefined, yes: () => true, no: () => false, first: (n: number) => n === 1 }
  const verdict = checks[check]
  const options: Options = {
    distributed,
    batchSize,
    retryDelays: delays,
    ...(verdict && {
      retryCheck: (error, { attempt, item, index }) => {
        heard.push(`check ${error.name} ${attempt} ${item} ${index}`)
        return verdict(attempt)
      },
    }),
    ...(onError !== 'none' && {
      onError: (error, item, index) => {
        heard.push(`onError ${error.name} ${item} ${index}`)
        if (onError === 'throws') throw new SyntaxError('of onError')
        return -1
      },
    }),
    ...(hasSignal && { signal: new AbortController().signal }),
  }
  const outcome = await cluster
    .pmap<number, Promise<number>>(async (n) => await tryItem(key, n, failures), range(itemCount), options)
    .then(
      (values) => JSON.stringify(values),
      (error: unknown) => String(error).replace(/On worker \d+/, 'On worker N'),
    )
  return { outcome, heard, attempts: attemptsOf(`${key} ${failing}`) }
}

/** What the contract says, without running anything. */
function expectedOf({ delays, check, onError, failures }: Combination): Outcome {
  const heard: string[] = []
  const squares = range(itemCount).map((n) => n * n)
  for (let attempt = 1; ; attempt++) {
    if (attempt > failures) return { outcome: JSON.stringify(squares), heard, attempts: attempt }
    const hasDelay = attempt <= delays.length
    if (hasDelay && check !== 'none') heard.push(`check RemoteError ${attempt} ${failing} ${failing}`)
    const goesOn = hasDelay && (check === 'none' || check === 'yes' || (check === 'first' && attempt === 1))
    if (goesOn) continue
    if (onError !== 'none') heard.push(`onError RemoteError ${failing} ${failing}`)
    squares[failing] = -1
    const outcome = {
      none: `RemoteError: On worker N: RangeError: attempt ${attempt}`,
      value: JSON.stringify(squares),
      throws: 'SyntaxError: of onError',
    }[onError]
    return { outcome, heard, attempts: attempt }
  }
}

async function tryItem(key: string, n: number, failures: number): Promise<number> {
  if (n !== 5) return n * n
  const attempt = await remoteCallFetch(attemptOf, 1, `${key} ${n}`)
  if (attempt <= failures) throw new RangeError(`attempt ${attempt}`)
  return n * n
}

async function mapThere(key: string, options: Options): Promise<number[]> {
  const numbers = Array.from({ length: 12 }, (_, n) => n)
  return await pmap<number, Promise<number>>(async (n) => await tryItem(key, n, 1), numbers, options)
}
