import { expect, test } from 'vitest'
import { Keeper } from '../src/keeping/keeper.ts'
import { Askers, valueOf } from './askers.ts'

function createKeeper(): { keeper: Keeper; askers: Askers; dropped: unknown[] } {
  const dropped: unknown[] = []
  const keeper = new Keeper(
    ({ handles, own }) => void dropped.push(...(handles ?? []), ...(own ? [own] : [])),
  )
  return { keeper, askers: new Askers(keeper, 7), dropped }
}

const setTwice = 'failed: FutureSetError: Future can be set only once'

test('Keeper gives at once what is there, as often as it is asked for', () => {
  const { keeper, askers } = createKeeper()
  keeper.set(7, valueOf('a'))
  askers.ask('fetch', { type: 'fetch' })
  askers.ask('again', { type: 'fetch' })
  askers.ask('wait', { type: 'fetch', isWaitOnly: true })
  expect(askers.answers).toEqual(['fetch: a', 'again: a', 'wait: done'])
})

test('Keeper answers all that wait, in order and once, when the value is made', () => {
  const { keeper, askers } = createKeeper()
  askers.ask('first', { type: 'fetch' })
  askers.ask('second', { type: 'fetch', isWaitOnly: true })
  expect(askers.answers).toEqual([])
  keeper.set(7, valueOf('a'))
  keeper.set(7, valueOf('b'))
  askers.ask('third', { type: 'fetch' })
  expect(askers.answers).toEqual(['first: a', 'second: done', 'third: a'])
})

test('Keeper passes on how the call failed, also to who only waits', () => {
  const { keeper, askers } = createKeeper()
  askers.ask('wait', { type: 'fetch', isWaitOnly: true })
  keeper.set(7, { ...valueOf('no'), kind: 'thrown' })
  askers.ask('fetch', { type: 'fetch' })
  expect(askers.answers).toEqual(['wait: thrown: no', 'fetch: thrown: no'])
})

test('Keeper sets an open future once, whoever is first', () => {
  const { keeper, askers, dropped } = createKeeper()
  keeper.open(7, undefined)
  askers.ask('it', { type: 'inspect' })
  askers.put('a')
  askers.put('b', { handles: [2, 99] })
  askers.ask('fetch', { type: 'fetch' })
  askers.ask('it', { type: 'inspect' })
  expect(askers.answers).toEqual([
    'it: not ready, open',
    'put a: done',
    `put b: ${setTwice}`,
    'fetch: a',
    'it: ready, closed',
  ])
  expect(dropped).toEqual([2, 99])
})

test('Keeper refuses to take from a future, or to close it', () => {
  const { keeper, askers } = createKeeper()
  keeper.open(7, undefined)
  askers.take()
  askers.ask('close', { type: 'close' })
  expect(askers.answers).toEqual([
    'take: failed: TypeError: Cannot take from a Future: fetch it',
    'close: failed: TypeError: Cannot close a Future',
  ])
})

test('Keeper takes how a call failed whose thread is gone, unless it had ended', () => {
  const { keeper, askers } = createKeeper()
  askers.ask('fetch', { type: 'fetch' })
  askers.ask('thread lost', { type: 'put', isCall: true }, { ...valueOf('Interrupted'), kind: 'thrown' })
  keeper.set(7, valueOf('too late'))
  askers.ask('again', { type: 'fetch' })
  expect(askers.answers).toEqual([
    'fetch: thrown: Interrupted',
    'thread lost: done',
    'again: thrown: Interrupted',
  ])
})

test('Keeper.free() lets go of a value, and of what it refers to', () => {
  const { keeper, askers, dropped } = createKeeper()
  keeper.open(7, undefined)
  askers.put('a', { handles: [3, 91], own: 17 })
  keeper.free([7, 8])
  keeper.free([7])
  expect(keeper.size).toBe(0)
  expect(dropped).toEqual([3, 91, 17])
})

test('Keeper does not keep the value of a call that was freed before it came', () => {
  const { keeper, dropped } = createKeeper()
  keeper.free([7])
  keeper.set(7, valueOf('a', { handles: [3, 91] }))
  expect(keeper.size).toBe(0)
  expect(dropped).toEqual([3, 91])
})

test('Keeper does not keep what is put into a future that was freed', () => {
  const { keeper, askers, dropped } = createKeeper()
  keeper.open(7, undefined)
  keeper.free([7])
  askers.put('a', { handles: [3, 91] })
  expect(keeper.size).toBe(0)
  expect(dropped).toEqual([3, 91])
})

test('Keeper.cancel() answers a fetch that waits with the reason, and forgets one whose asker is gone', () => {
  const { keeper, askers } = createKeeper()
  const [cancelled, gone] = [
    askers.ask('cancelled', { type: 'fetch' }),
    askers.ask('gone', { type: 'fetch' }),
  ]
  keeper.cancel(cancelled, valueOf('the reason'))
  keeper.cancel(gone, undefined)
  keeper.set(7, valueOf('a'))
  expect(askers.answers).toEqual(['cancelled: the reason'])
})

test('Keeper answers what is asked of a channel that nobody refers to any more', () => {
  const { askers } = createKeeper()
  askers.take()
  askers.ask('it', { type: 'inspect' })
  askers.ask('close', { type: 'close' })
  expect(askers.answers).toEqual([
    'take: failed: TypeError: Cannot take from what is no channel',
    'it: not ready, closed',
    'close: done',
  ])
})
