import { expect, test } from 'vitest'
import { Turns } from '../src/kubernetes/turns.ts'

test('Turns lets so many go at once, and the others in the order in which they came', async () => {
  const turns = new Turns(2)
  const seen: number[] = []
  const giveBack = await turns.take()
  await turns.take()
  const third = turns.take().then((end) => {
    seen.push(3)
    return end
  })
  const fourth = turns.take().then(() => seen.push(4))

  giveBack()
  const endThird = await third
  expect(seen).toEqual([3])
  endThird()
  await fourth
  expect(seen).toEqual([3, 4])
})

test('Turns counts a turn once that is given back twice', async () => {
  const turns = new Turns(1)
  const giveBack = await turns.take()
  giveBack()
  giveBack()
  await turns.take()
  const abort = new AbortController()
  const waiting = turns.take(abort.signal)
  abort.abort(new Error('enough'))

  await expect(waiting).rejects.toThrow('enough')
})

test('Turns gives the turn of one that was aborted to the next', async () => {
  const turns = new Turns(1)
  const giveBack = await turns.take()
  const abort = new AbortController()
  const aborted = turns.take(abort.signal)
  const next = turns.take()
  abort.abort(new Error('enough'))
  await expect(aborted).rejects.toThrow('enough')
  giveBack()

  expect(await next).toBeTypeOf('function')
  await expect(turns.take(AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
})
