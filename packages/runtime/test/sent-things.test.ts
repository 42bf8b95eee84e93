import { Mailbox } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { SentThings } from '../src/sent-things.ts'

function createMailbox(): Mailbox {
  return new Mailbox({ nextStream: () => 1, events: { message() {}, detached() {}, violated() {} } })
}

test('SentThings tells what is new to a process over a connection', () => {
  const sent = new SentThings()
  const [first, second] = [createMailbox(), createMailbox()]
  expect([sent.isNew('function', first, 2, 'a'), sent.isNew('function', first, 2, 'a')]).toEqual([
    true,
    false,
  ])
  expect([sent.isNew('function', first, 3, 'a'), sent.isNew('function', second, 2, 'a')]).toEqual([
    true,
    true,
  ])
  sent.forget(first)
  expect([sent.isNew('function', first, 2, 'a'), sent.isNew('function', second, 2, 'a')]).toEqual([
    true,
    false,
  ])
})

test.each([
  ['function', 1_000],
  ['module', 10_000],
] as const)('SentThings remembers of the %ss of a process the latest %i', (kind, most) => {
  const sent = new SentThings()
  const mailbox = createMailbox()
  for (let i = 0; i <= most; i++) sent.isNew(kind, mailbox, 2, `${i}`)
  expect(['1', `${most}`, '0'].map((thing) => sent.isNew(kind, mailbox, 2, thing))).toEqual([
    false,
    false,
    true,
  ])
})

test('SentThings remembers the latest 1,000 processes', () => {
  const sent = new SentThings()
  const mailbox = createMailbox()
  for (let to = 0; to <= 1_000; to++) sent.isNew('function', mailbox, to, 'a')
  expect([
    sent.isNew('function', mailbox, 1, 'a'),
    sent.isNew('function', mailbox, 1_000, 'a'),
    sent.isNew('function', mailbox, 0, 'a'),
  ]).toEqual([false, false, true])
})
