import { expect, test } from 'vitest'
import { Gates } from './gates.ts'
import { ServedRunner, settled } from './served-runner.ts'

/** A runner whose function `pass` runs until its gate is opened, and `note` ends at once. */
function createServed(): { served: ServedRunner; gates: Gates; noted: number[] } {
  const served = new ServedRunner()
  const gates = new Gates()
  const noted: number[] = []
  served.define(gates.pass, [], 'pass')
  served.define((n: number) => void noted.push(n), [], 'note')
  return { served, gates, noted }
}

test('CallRunner runs calls of one lane one after another, lanes beside each other', async () => {
  const { served, gates } = createServed()
  for (const [n, lane] of [
    [1, 'x'],
    [2, 'x'],
    [3, 'y'],
    [4, 'x'],
  ] as const)
    served.call('pass', [n], { lane })
  await settled()
  expect(gates.running).toEqual([1, 3])
  gates.open(1)
  await settled()
  expect(gates.running).toEqual([3, 2])
  gates.fail(2, new Error('no'))
  await settled()
  expect(gates.running).toEqual([3, 4])
})

test('CallRunner takes a lane of any length', async () => {
  const { served, gates, noted } = createServed()
  served.call('pass', [0], { lane: 'x' })
  for (let n = 1; n <= 20_000; n++) served.call('note', [n], { lane: 'x' })
  await settled()
  gates.open(0)
  await settled()
  expect(noted).toHaveLength(20_000)
  expect(served.answers.filter(({ type }) => type === 'error')).toEqual([])
})

test('CallRunner.cancel() of a call that waits in its lane answers it, and it never runs', async () => {
  const { served, gates, noted } = createServed()
  served.call('pass', [0], { lane: 'x' })
  const waiting = served.call('note', [1], { lane: 'x', keep: 70 })
  served.call('note', [2], { lane: 'x' })
  await settled()
  served.runner.cancel(waiting, new Error('enough'))
  gates.open(0)
  await settled()
  expect(noted).toEqual([2])
  expect(served.answers[0]).toEqual({
    type: 'error',
    id: waiting,
    kind: 'thrown',
    value: new Error('enough'),
  })
  expect(served.keptValue(70)).toEqual({ kind: 'thrown', value: new Error('enough') })
})

test('CallRunner keeps all calls in order behind one that waits for its modules', async () => {
  const { served, noted } = createServed()
  served.load('m')
  served.define((n: number) => void noted.push(n), ['m'], 'slow')
  for (const [n, fn] of [
    [1, 'note'],
    [2, 'slow'],
    [3, 'note'],
    [4, 'slow'],
  ] as const)
    served.call(fn, [n])
  await settled()
  expect(noted).toEqual([1])
  await served.loaded('m')
  expect(noted).toEqual([1, 2, 3, 4])
})

test('CallRunner gives calls that wait the function as it was when they came, though it is defined again', async () => {
  const { served, noted } = createServed()
  served.load('m')
  served.define((n: number) => void noted.push(n), ['m'], 'slow')
  served.call('slow', [1])
  served.call('note', [2])
  await settled()
  served.define((n: number) => void noted.push(10 * n), [], 'note')
  served.call('note', [3])
  await served.loaded('m')
  expect(noted).toEqual([1, 2, 30])
})

test('CallRunner waits for modules that the arguments refer to', async () => {
  const { served, noted } = createServed()
  served.load('m')
  served.call('note', [1], { modules: ['m'] })
  served.call('note', [2])
  await settled()
  expect(noted).toEqual([])
  await served.loaded('m')
  expect(noted).toEqual([1, 2])
})

test('CallRunner fails the calls whose modules cannot be loaded, and goes on with the others', async () => {
  const { served, noted } = createServed()
  served.load('m')
  served.define((n: number) => void noted.push(n), ['m'], 'slow')
  const ids = [served.call('slow', [1]), served.call('note', [2]), served.call('slow', [3])]
  await settled()
  await served.loaded('m', new Error('no such file'))
  const failed = { type: 'error', kind: 'thrown', value: new Error('no such file') }
  expect(noted).toEqual([2])
  expect(served.answers).toMatchObject([{ ...failed, id: ids[0] }, { id: ids[1] }, { ...failed, id: ids[2] }])
})

test('CallRunner fails the calls of a function that cannot be made, until it is defined again', async () => {
  const { served, noted } = createServed()
  served.forget('broken')
  const id = served.call('broken', [1])
  await settled()
  expect(served.answers).toMatchObject([
    { type: 'error', id, kind: 'failed', value: { message: 'Cannot revive it' } },
  ])
  served.define((n: number) => void noted.push(n), [], 'broken')
  served.call('broken', [2])
  await settled()
  expect(noted).toEqual([2])
})

test('CallRunner.cancel() of a call that waits for its modules answers it, and it never runs', async () => {
  const { served, noted } = createServed()
  served.load('m')
  served.define((n: number) => void noted.push(n), ['m'], 'slow')
  const ids = [served.call('slow', [1]), served.call('note', [2]), served.call('note', [3])]
  await settled()
  for (const id of ids.slice(0, 2)) served.runner.cancel(id, new Error('enough'))
  await served.loaded('m')
  expect(noted).toEqual([3])
  expect(served.answers).toMatchObject([
    { id: ids[0], type: 'error' },
    { id: ids[1], type: 'error' },
    { id: ids[2], type: 'result' },
  ])
})

test('CallRunner keeps calls behind a barrier until it has settled', async () => {
  const { served, gates, noted } = createServed()
  served.call('pass', [0], { isBarrier: true })
  served.call('note', [1])
  served.call('pass', [2], { isBarrier: true })
  served.call('note', [3])
  await settled()
  expect(noted).toEqual([])
  gates.open(0)
  await settled()
  expect(noted).toEqual([1])
  gates.fail(2, new Error('no'))
  await settled()
  expect(noted).toEqual([1, 3])
})

test('CallRunner keeps calls behind a barrier also when the barrier itself had to wait for its modules', async () => {
  const { served, gates, noted } = createServed()
  served.load('m')
  served.define(gates.pass, ['m'], 'slow')
  served.call('slow', [0], { isBarrier: true })
  served.call('note', [1])
  await served.loaded('m')
  expect(gates.running).toEqual([0])
  expect(noted).toEqual([])
  gates.open(0)
  await settled()
  expect(noted).toEqual([1])
})

test('CallRunner lifts a barrier that is cancelled, and does not mind one that ends at once', async () => {
  const { served, noted } = createServed()
  const barrier = served.call('pass', [0], { isBarrier: true })
  served.call('note', [1], { isBarrier: true })
  served.call('note', [2])
  await settled()
  served.runner.cancel(barrier, new Error('enough'))
  await settled()
  expect(noted).toEqual([1, 2])
})
