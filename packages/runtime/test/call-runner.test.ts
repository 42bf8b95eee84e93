import { expect, test } from 'vitest'
import { callSignal } from '../src/call-context.ts'
import { Gates } from './gates.ts'
import { ServedRunner, settled } from './served-runner.ts'

test('CallRunner runs a call and answers with its value', async () => {
  const served = new ServedRunner()
  served.define(function add(a: number, b: number) {
    return a + b
  })
  const id = served.call('add', [2, 3])
  await settled()
  expect(served.answers).toEqual([{ type: 'result', id, value: 5 }])
})

test('CallRunner answers with what the function threw, now or later', async () => {
  const served = new ServedRunner()
  served.define(function now() {
    throw new RangeError('no')
  })
  served.define(function later() {
    return Promise.reject(new RangeError('later'))
  })
  const ids = [served.call('now'), served.call('later')]
  await settled()
  expect(served.answers).toEqual([
    { type: 'error', id: ids[0], kind: 'thrown', value: new RangeError('no') },
    { type: 'error', id: ids[1], kind: 'thrown', value: new RangeError('later') },
  ])
})

test('CallRunner says that it does not know a function', async () => {
  const served = new ServedRunner()
  const id = served.call('never defined')
  await settled()
  expect(served.answers).toEqual([{ type: 'unknown', id, value: undefined }])
})

test('CallRunner starts calls in the order in which they came, and runs them concurrently', async () => {
  const served = new ServedRunner()
  const gates = new Gates()
  served.define(gates.pass, [], 'pass')
  const ids = [1, 2, 3].map((n) => served.call('pass', [n]))
  await settled()
  expect(gates.running).toEqual([1, 2, 3])
  for (const n of [3, 1, 2]) {
    gates.open(n)
    await settled()
  }
  expect(served.answers.map(({ id, value }) => [id, value])).toEqual([
    [ids[2], 3],
    [ids[0], 1],
    [ids[1], 2],
  ])
})

test('CallRunner waits for anything that can be awaited, in a batch as well', async () => {
  const served = new ServedRunner()
  served.define(function thenable(value: number) {
    // oxlint-disable-next-line unicorn/no-thenable -- that is what is tested
    return { then: (resolve: (value: number) => void) => resolve(value * 2) }
  })
  served.call('thenable', [4])
  served.call('thenable', [[1, 2], 0], { isBatch: true })
  await settled()
  expect(served.answers.map(({ value }) => value)).toMatchObject([8, [[2, 4], []]])
})

test('CallRunner fails a call alone whose value cannot travel', async () => {
  const served = new ServedRunner()
  served.define(function symbol() {
    return Symbol('x')
  })
  served.define(function one() {
    return 1
  })
  const ids = [served.call('symbol'), served.call('one')]
  await settled()
  expect(served.answers).toMatchObject([
    { type: 'error', id: ids[0], kind: 'failed' },
    { type: 'result', id: ids[1], value: 1 },
  ])
})

test('CallRunner keeps a value under its reference and answers without it', async () => {
  const served = new ServedRunner()
  served.define(function one() {
    return 1
  })
  served.define(function fails() {
    throw new Error('no')
  })
  const ids = [served.call('one', [], { keep: 70 }), served.call('fails', [], { keep: 71 })]
  await settled()
  expect(served.answers).toMatchObject([
    { type: 'result', id: ids[0], value: undefined },
    { type: 'error', id: ids[1] },
  ])
  expect(served.keptValue(70)).toEqual({ kind: 'value', value: 1 })
  expect(served.keptValue(71)).toEqual({ kind: 'thrown', value: new Error('no') })
})

test('CallRunner tells a caller that wants no answer that the call has started, and prints what was thrown', async () => {
  const served = new ServedRunner()
  served.define(function one() {
    return 1
  })
  served.define(function fails() {
    throw new Error('no')
  })
  const ids = ['one', 'fails'].map((name) => served.call(name, [], { isSilent: true }))
  await settled()
  expect(served.answers).toEqual(ids.map((id) => ({ type: 'result', id, value: undefined })))
  expect(served.printed).toEqual([expect.stringContaining('Error: no')])
})

test('CallRunner gives each call of a batch its item and index, and its own end', async () => {
  const served = new ServedRunner()
  served.define(function odd(item: string, index: number) {
    if (index % 2 === 0) throw new Error(item)
    return `${item}${index}`
  })
  served.call('odd', [['a', 'b', 'c'], 10], { isBatch: true })
  await settled()
  const { value } = served.answers[0] ?? { value: [] }
  const [values, failures] = value as [unknown[], [number, string, Error][]]
  expect(values[1]).toBe('b11')
  expect(failures.map(([position, , error]) => [position, error.message])).toEqual([
    [0, 'a'],
    [2, 'c'],
  ])
})

test('CallRunner does not start a call that was taken back, nor answers it', async () => {
  const served = new ServedRunner()
  const started: number[] = []
  served.define(function note(n: number) {
    started.push(n)
  })
  const claims = [1, 2, 3].map((generation) => ({ slot: generation, generation }))
  served.claims.takeBack({ slot: 2, generation: 2 })
  const ids = claims.map((claim) => served.call('note', [claim.slot], { claim, lane: 'x' }))
  await settled()
  expect(started).toEqual([1, 3])
  expect(served.answers.map(({ id }) => id)).toEqual([ids[0], ids[2]])
  expect(served.claims.takeBack({ slot: 1, generation: 1 })).toBe(false)
})

test('CallRunner.cancel() answers at once, fires the signal, and drops what comes later', async () => {
  const served = new ServedRunner()
  const gates = new Gates()
  const signals: AbortSignal[] = []
  served.define(function wait(n: number) {
    signals.push(callSignal())
    return gates.pass(n)
  })
  const [first, second] = [served.call('wait', [1]), served.call('wait', [2])]
  await settled()
  served.runner.cancel(first, new Error('enough'))
  gates.open(1)
  gates.open(2)
  await settled()
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
  expect(served.answers).toEqual([
    { type: 'error', id: first, kind: 'thrown', value: new Error('enough') },
    { type: 'result', id: second, value: 2 },
  ])
})

test('CallRunner.cancel() of a call that is not there does nothing', async () => {
  const served = new ServedRunner()
  served.define(function one() {
    return 1
  })
  const id = served.call('one')
  await settled()
  served.runner.cancel(id, new Error('late'))
  served.runner.cancel(12_345, new Error('never was'))
  await settled()
  expect(served.answers).toHaveLength(1)
})

test('CallRunner.interrupt() stops all that runs, and is of no consequence for an idle one', async () => {
  const served = new ServedRunner()
  const gates = new Gates()
  served.define(gates.pass, [], 'pass')
  served.runner.interrupt()
  served.call('pass', [1])
  served.call('pass', [2])
  await settled()
  served.runner.interrupt()
  await settled()
  const interrupted = { type: 'error', kind: 'thrown', value: { message: 'Interrupted' } }
  expect(served.answers).toMatchObject([interrupted, interrupted])
})

test('CallRunner.whenIdle() does not call back while calls wait for their modules', async () => {
  const served = new ServedRunner()
  served.load('m')
  served.define(() => 'late', ['m'], 'slow')
  served.call('slow', [])
  await settled()
  const told: string[] = []
  served.runner.whenIdle(() => told.push('idle'))
  expect(told).toEqual([])
  await served.loaded('m')
  expect(served.answers).toMatchObject([{ value: 'late' }])
  expect(told).toEqual(['idle'])
})

test('CallRunner.whenIdle() calls back once nothing runs', async () => {
  const served = new ServedRunner()
  const gates = new Gates()
  const told: string[] = []
  served.define(gates.pass, [], 'pass')
  served.runner.whenIdle(() => told.push('idle at first'))
  served.call('pass', [1])
  served.call('pass', [2])
  await settled()
  served.runner.whenIdle(() => told.push('idle'))
  gates.open(1)
  await settled()
  expect(told).toEqual(['idle at first'])
  gates.open(2)
  await settled()
  expect(told).toEqual(['idle at first', 'idle'])
})

test('CallRunner.whenIdle() does not call back before an error was answered for which shipping has to be loaded', async () => {
  const served = new ServedRunner()
  class OddError extends Error {
    readonly limit = 3
  }
  const told: string[] = []
  const fail = (): never => {
    throw new OddError('odd')
  }
  served.load('shipping')
  served.define(fail)
  served.call('fail')
  await settled()

  served.runner.whenIdle(() => told.push('idle'))
  expect([told, served.answers]).toEqual([[], []])
  await served.loaded('shipping')

  await expect.poll(() => served.answers).toMatchObject([{ type: 'error', value: { limit: 3 } }])
  expect(told).toEqual(['idle'])
})

test('CallRunner.whenNextIdle() calls back once a call has ended, and not before one came', async () => {
  const served = new ServedRunner()
  const told: string[] = []
  served.define(() => 'done', [], 'quick')
  served.runner.whenNextIdle(() => told.push('idle'))
  expect(told).toEqual([])
  served.call('quick', [])
  await settled()
  expect(told).toEqual(['idle'])
})

test('CallRunner does not begin a call that was withdrawn before it was read, and answers it', async () => {
  const served = new ServedRunner()
  const began: number[] = []
  served.define(function note(n: number) {
    began.push(n)
  })
  const first = served.call('note', [1])
  const second = served.call('note', [2])
  served.mark.withdraw(first)
  await settled()
  expect(began).toEqual([2])
  expect(served.answers.map(({ id, type, kind }) => [id, type, kind])).toEqual([
    [first, 'error', 'thrown'],
    [second, 'result', undefined],
  ])
})

test('CallRunner.callerGone() lets none of the calls begin that wait in the lane of what it stops', async () => {
  const served = new ServedRunner()
  const begun: number[] = []
  served.define(
    async (n: number) => {
      begun.push(n)
      await new Promise(() => {})
    },
    [],
    'wait',
  )
  for (const n of [1, 2, 3]) served.call('wait', [n], { lane: 'a' })
  await settled()

  served.callerGone()
  served.call('wait', [4], { lane: 'a' })
  await settled()

  expect(begun).toEqual([1, 4])
})
