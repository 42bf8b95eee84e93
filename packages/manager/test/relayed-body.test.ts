import { limits, Mailbox, SharedMemory, type SharedSlot } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { RelayedBody } from '../src/relayed-body.ts'

const mib = 1024 * 1024

test.runIf(process.platform === 'linux')(
  'RelayedBody copies no more of shared memory for another machine than its window, until that has room',
  () => {
    const memory = SharedMemory.create()
    const slots = Array.from({ length: 8 }, () => memory?.write(Buffer.alloc(mib)))
    const { body, passed } = relaying(memory, 8 * mib)
    for (const slot of slots) body.add(chunk(slot), null)
    const counts = [passed()]
    body.credit(1)
    counts.push(passed())
    for (let left = 7; left > 0; left -= 1) body.credit(1)
    expect(counts).toEqual([limits.streamWindowBytes, limits.streamWindowBytes + mib])
    expect([passed(), body.isOver]).toEqual([8 * mib, true])
  },
)

test.runIf(process.platform === 'linux')(
  'RelayedBody keeps chunks in order whose first ones are in shared memory',
  () => {
    const memory = SharedMemory.create()
    const { body, passed } = relaying(memory, 3 * mib + 5)
    for (let i = 0; i < 3; i++) body.add(chunk(memory?.write(Buffer.alloc(mib))), null)
    body.add(chunk(undefined), Buffer.alloc(5))
    const before = passed()
    body.credit(1)
    expect([before, passed(), body.isOver]).toEqual([2 * mib, 3 * mib, false])
    body.credit(1)
    expect(passed()).toBe(3 * mib + 5)
  },
)

function relaying(memory: SharedMemory | undefined, bytes: number): { body: RelayedBody; passed(): number } {
  let passed = 0
  const body = new RelayedBody(
    { type: 'result', id: 1, stream: 9, parts: [bytes] },
    {
      source: mailbox(memory),
      sink: mailbox(undefined),
      holder: 3,
      answers: 1,
      passed: (count) => {
        passed += count
      },
    },
  )
  return { body, passed: () => passed }
}

function chunk(slot: SharedSlot | undefined): { type: 'chunk'; stream: number; slot?: SharedSlot } {
  return slot === undefined ? { type: 'chunk', stream: 9 } : { type: 'chunk', stream: 9, slot }
}

function mailbox(memory: SharedMemory | undefined): Mailbox {
  return new Mailbox({
    memory,
    nextStream: () => 1,
    events: { message() {}, detached() {}, violated() {} },
  })
}
