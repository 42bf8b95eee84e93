import { Mailbox } from '@dialback/protocol'
import type { Caller, CallInput, StartedCall } from '@dialback/runtime'
import { expect, test } from 'vitest'
import { type EverywhereEntry, EverywhereLog } from '../src/everywhere-log.ts'

const shipment = { fn: () => {} }

function definition(name: string, value: number): EverywhereEntry {
  return { shipment, defines: [name], input: { kind: 'args', args: [{ [name]: value }] } }
}

function run(text: string): EverywhereEntry {
  return { shipment, input: { kind: 'args', args: [text] } }
}

/** The arguments of what the log replays. */
function replayed(log: EverywhereLog): unknown[] {
  const inputs: CallInput[] = []
  const started: StartedCall = {
    result: Promise.resolve(),
    recall: () => Promise.resolve(false),
    cancel() {},
  }
  const caller: Caller = {
    id: 1,
    workers: () => [2],
    lossOf: () => undefined,
    onMembershipChange: () => () => {},
    ship: (fn) => ({ fn }),
    start: (_shipment, _target, input) => {
      inputs.push(input)
      return started
    },
  }
  const mailbox = new Mailbox({ nextStream: () => 1, events: { message() {}, detached() {}, violated() {} } })
  log.replay({ caller, workerId: 2, mailbox, failed() {} })
  return inputs.map((input) => (input.kind === 'args' ? input.args[0] : input))
}

test('EverywhereLog replays in the order in which it was added', () => {
  const log = new EverywhereLog()
  for (const entry of [definition('a', 1), run('f'), definition('b', 2)]) log.add(entry)
  expect(replayed(log)).toEqual([{ a: 1 }, 'f', { b: 2 }])
})

test('EverywhereLog does not grow by a global that is defined again and again', () => {
  const log = new EverywhereLog()
  for (let n = 0; n < 100; n++) for (const name of ['a', 'b']) log.add(definition(name, n))
  expect(replayed(log)).toEqual([{ a: 99 }, { b: 99 }])
})

test('EverywhereLog keeps what a function may have used', () => {
  const log = new EverywhereLog()
  for (const entry of [definition('a', 1), run('f'), definition('a', 2), definition('a', 3)]) log.add(entry)
  expect(replayed(log)).toEqual([{ a: 1 }, 'f', { a: 3 }])
})

test('EverywhereLog keeps a definition of which a part stands', () => {
  const log = new EverywhereLog()
  log.add({ shipment, defines: ['a', 'b'], input: { kind: 'args', args: [{ a: 1, b: 1 }] } })
  log.add(definition('a', 2))
  expect(replayed(log)).toEqual([{ a: 1, b: 1 }, { a: 2 }])
})
