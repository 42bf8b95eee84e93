import { describe, expect, test } from 'vitest'
import { Keeper } from '../src/keeping/keeper.ts'
import { Askers, valueOf } from './askers.ts'

/** A channel, who asks of it, and the handles of what it does not keep any more. */
function openChannel(capacity: number): { keeper: Keeper; askers: Askers; dropped: number[] } {
  const dropped: number[] = []
  const keeper = new Keeper(({ handles }) => void dropped.push(...(handles ?? [])))
  keeper.open(7, capacity)
  return { keeper, askers: new Askers(keeper, 7), dropped }
}

const closedPut = 'failed: ChannelClosedError: Cannot put into a channel that is closed'
const closedTake = 'failed: ChannelClosedError: Cannot take from a channel that is closed'
const cancelled = valueOf('cancelled')

test.each([1, 2, 5])('ChannelPlace of capacity %i lets so many puts go on', (capacity) => {
  const { askers } = openChannel(capacity)
  for (let i = 0; i < capacity + 2; i++) askers.put(i)
  expect(askers.news()).toEqual(Array.from({ length: capacity }, (_, i) => `put ${i}: done`))
  askers.take()
  expect(askers.news()).toEqual(['take: 0', `put ${capacity}: done`])
  askers.take()
  expect(askers.news()).toEqual(['take: 1', `put ${capacity + 1}: done`])
})

test('ChannelPlace gives values in the order in which they were put, to takers in the order in which they asked', () => {
  const { askers } = openChannel(1)
  askers.take('first')
  askers.take('second')
  for (const value of ['a', 'b', 'c', 'd']) askers.put(value)
  askers.take('third')
  expect(askers.answers.filter((line) => !line.endsWith('done'))).toEqual([
    'first: a',
    'second: b',
    'third: c',
  ])
})

test('ChannelPlace of capacity 0 answers a put when its value has arrived with who took it', () => {
  const { askers } = openChannel(0)
  askers.put('a')
  expect(askers.news()).toEqual([])
  const take = askers.take()
  expect(askers.news()).toEqual(['take: a'])
  askers.received(take)
  expect(askers.news()).toEqual(['put a: done'])
})

test('ChannelPlace of capacity 0 gives a put to a taker that waits', () => {
  const { askers } = openChannel(0)
  const take = askers.take()
  askers.put('a')
  askers.received(take)
  expect(askers.news()).toEqual(['take: a', 'put a: done'])
})

test('ChannelPlace lets a taker that gives up too late receive what it was given', () => {
  const { keeper, askers } = openChannel(0)
  askers.put('a')
  const take = askers.take('late')
  keeper.cancel(take, { ...cancelled, kind: 'failed' })
  askers.ask('close', { type: 'close' })
  askers.take('next')
  expect(askers.news()).toEqual(['late: a', 'close: done'])
  askers.received(take)
  expect(askers.news()).toEqual(['put a: done', `next: ${closedTake}`])
})

test('ChannelPlace shows the first value to who fetches, and keeps it', () => {
  const { askers } = openChannel(2)
  askers.ask('fetch', { type: 'fetch' })
  askers.ask('wait', { type: 'fetch', isWaitOnly: true })
  askers.take()
  askers.put('a')
  askers.put('b')
  askers.ask('again', { type: 'fetch' })
  expect(askers.news()).toEqual([
    'put a: done',
    'fetch: a',
    'wait: done',
    'take: a',
    'put b: done',
    'again: b',
  ])
})

test('ChannelPlace shows a fetch what waits to be put as well', () => {
  const { askers } = openChannel(0)
  askers.put('a')
  askers.ask('fetch', { type: 'fetch' })
  expect(askers.news()).toEqual(['fetch: a'])
})

test('ChannelPlace tells how it stands', () => {
  const { askers } = openChannel(1)
  const inspect = (): string[] => {
    askers.ask('it', { type: 'inspect' })
    return askers.news()
  }
  expect(inspect()).toEqual(['it: not ready, open'])
  askers.put('a')
  askers.news()
  expect(inspect()).toEqual(['it: ready, open'])
  askers.ask('close', { type: 'close' })
  askers.news()
  expect(inspect()).toEqual(['it: ready, closed'])
})

describe('ChannelPlace that is closed', () => {
  test('gives what is in it, then refuses', () => {
    const { askers } = openChannel(2)
    askers.put('a')
    askers.put('b')
    askers.ask('close', { type: 'close' })
    askers.put('c')
    const takes = ['1', '2', '3'].map((name) => askers.take(name))
    expect(askers.news()).toEqual([
      'put a: done',
      'put b: done',
      'close: done',
      `put c: ${closedPut}`,
      '1: a',
      '2: b',
    ])
    for (const id of takes) askers.received(id)
    expect(askers.news()).toEqual([`3: ${closedTake}`])
  })

  test('refuses all that wait, and drops what waited to be put', () => {
    const { askers, dropped } = openChannel(1)
    askers.put('a')
    askers.put('b', { handles: [2, 99] })
    askers.ask('close', { type: 'close' })
    expect(askers.news()).toEqual(['put a: done', `put b: ${closedPut}`, 'close: done'])
    expect(dropped).toEqual([2, 99])
  })

  test('refuses takers and fetchers that wait for a first value', () => {
    const { askers } = openChannel(1)
    askers.take()
    askers.ask('fetch', { type: 'fetch' })
    askers.ask('close', { type: 'close' })
    expect(askers.news()).toEqual([
      'close: done',
      'fetch: failed: ChannelClosedError: Cannot fetch from a channel that is closed',
      `take: ${closedTake}`,
    ])
  })

  test('lets takers wait while the last value may still come back', () => {
    const { keeper, askers } = openChannel(1)
    askers.put('a')
    const lost = askers.take('lost')
    askers.ask('close', { type: 'close' })
    askers.take('other')
    askers.news()
    keeper.cancel(lost, undefined)
    expect(askers.news()).toEqual(['other: a'])
  })
})

describe('ChannelPlace whose asker is gone', () => {
  test('gives back what the asker has not received, to its place', () => {
    const { keeper, askers } = openChannel(3)
    for (const value of ['a', 'b', 'c']) askers.put(value)
    const [first, second] = [askers.take('first'), askers.take('second')]
    askers.news()
    keeper.cancel(second, undefined)
    keeper.cancel(first, undefined)
    for (const name of ['x', 'y', 'z']) askers.take(name)
    expect(askers.news()).toEqual(['x: a', 'y: b', 'z: c'])
  })

  test('does not give back what has been received', () => {
    const { keeper, askers, dropped } = openChannel(1)
    askers.put('a', { handles: [2, 99] })
    const take = askers.take()
    expect(dropped).toEqual([])
    askers.received(take)
    expect(dropped).toEqual([2, 99])
    keeper.cancel(take, undefined)
    askers.ask('it', { type: 'inspect' })
    expect(askers.news().at(-1)).toBe('it: not ready, open')
  })

  test('forgets what the asker waited for', () => {
    const { keeper, askers } = openChannel(1)
    const gone = [askers.take('gone'), askers.ask('gone', { type: 'fetch' })]
    for (const id of gone) keeper.cancel(id, undefined)
    askers.put('a')
    keeper.cancel(askers.put('b'), undefined)
    askers.put('c')
    for (const name of ['x', 'y']) askers.take(name)
    expect(askers.news()).toEqual(['put a: done', 'x: a', 'put c: done', 'y: c'])
  })

  test('keeps a value of capacity 0 for the next, and tells the putter when that has it', () => {
    const { keeper, askers } = openChannel(0)
    askers.put('a')
    const lost = askers.take('lost')
    keeper.cancel(lost, undefined)
    expect(askers.news()).toEqual(['lost: a'])
    const take = askers.take('next')
    askers.received(take)
    expect(askers.news()).toEqual(['next: a', 'put a: done'])
  })

  test('forgets all of a range at once', () => {
    const { keeper, askers } = openChannel(0)
    askers.take('gone')
    keeper.forget((id) => id > 2 ** 32)
    askers.put('a')
    expect(askers.news()).toEqual([])
  })
})

describe('ChannelPlace whose asker takes the question back', () => {
  test('answers what waits with the reason', () => {
    const { keeper, askers } = openChannel(0)
    for (const id of [askers.take(), askers.ask('fetch', { type: 'fetch' })]) keeper.cancel(id, cancelled)
    keeper.cancel(askers.put('a'), cancelled)
    expect(askers.news()).toEqual(['take: cancelled', 'fetch: cancelled', 'put a: cancelled'])
    askers.take('x')
    expect(askers.news()).toEqual([])
  })

  test('does not take back what is on its way already', () => {
    const { keeper, askers } = openChannel(1)
    askers.put('a')
    const take = askers.take()
    askers.news()
    keeper.cancel(take, cancelled)
    askers.received(take)
    askers.ask('it', { type: 'inspect' })
    expect(askers.news()).toEqual(['it: not ready, open'])
  })
})

test('ChannelPlace keeps a value that cannot travel to who takes it', () => {
  const { keeper, askers } = openChannel(1)
  keeper.ask(
    { type: 'put', id: 5, to: 2, ref: 7 },
    { ...valueOf(undefined), here: { value: 'a socket' } },
    { id: 5, isHere: true, has: () => false, give() {}, done() {}, tell() {} },
  )
  const given: unknown[] = []
  const refusing = {
    id: 6,
    isHere: false,
    has: () => false,
    give(content: { here?: unknown; kind: string }) {
      if (content.here !== undefined) throw new TypeError('cannot travel')
      given.push(content.kind)
    },
    done() {},
    tell() {},
  }
  keeper.ask({ type: 'take', id: 6, to: 2, ref: 7 }, valueOf(undefined), refusing)
  askers.ask('it', { type: 'inspect' })
  expect(given).toEqual(['failed'])
  expect(askers.news()).toEqual(['it: ready, open'])
})

test('Keeper.free() drops all that a channel has', () => {
  const { keeper, askers, dropped } = openChannel(1)
  for (const ref of [91, 92, 93]) askers.put(ref, { handles: [2, ref] })
  askers.take()
  keeper.free([7])
  expect(dropped.toSorted()).toEqual([2, 2, 2, 91, 92, 93])
  expect(keeper.size).toBe(0)
})
