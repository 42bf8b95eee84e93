import { Mailbox } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { SentThings } from '../src/sent-things.ts'

function createMailbox(): Mailbox {
  return new Mailbox({ nextStream: () => 1, events: { message() {}, detached() {}, violated() {} } })
}

test('SentThings tells what is new to a process over a connection', () => {
  const sent = new SentThings()
  const [first, second] = [createMailbox(), createMailbox()]
  expect([sent.isNew(first, 2, 'a'), sent.isNew(first, 2, 'a')]).toEqual([true, false])
  expect([sent.isNew(first, 3, 'a'), sent.isNew(second, 2, 'a')]).toEqual([true, true])
  sent.forget(first)
  expect([sent.isNew(first, 2, 'a'), sent.isNew(second, 2, 'a')]).toEqual([true, false])
})

test('SentThings remembers the latest 10,000 of a process', () => {
  const sent = new SentThings()
  const mailbox = createMailbox()
  for (let i = 0; i <= 10_000; i++) sent.isNew(mailbox, 2, `${i}`)
  expect([sent.isNew(mailbox, 2, '1'), sent.isNew(mailbox, 2, '10000'), sent.isNew(mailbox, 2, '0')]).toEqual(
    [false, false, true],
  )
})

test('SentThings remembers the latest 1,000 processes', () => {
  const sent = new SentThings()
  const mailbox = createMailbox()
  for (let to = 0; to <= 1_000; to++) sent.isNew(mailbox, to, 'a')
  expect([sent.isNew(mailbox, 1, 'a'), sent.isNew(mailbox, 1_000, 'a'), sent.isNew(mailbox, 0, 'a')]).toEqual(
    [false, false, true],
  )
})
