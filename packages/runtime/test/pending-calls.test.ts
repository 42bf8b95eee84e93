import { type Call, Mailbox } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { type PendingCall, PendingCalls } from '../src/pending-calls.ts'

function createMailbox(): Mailbox {
  return new Mailbox({ nextStream: () => 1, events: { message() {}, detached() {}, violated() {} } })
}

const mailbox = createMailbox()

function pendingCall(id: number, facts: Partial<PendingCall> = {}, claim?: Call['claim']): PendingCall {
  const call: Call = { type: 'call', id, to: 2, fn: 'f', ...(claim && { claim }) }
  return { call, target: 2, mailbox, isBatch: false, settle: undefined, ...facts }
}

/** Calls, and what was told of them. */
function createPending(): { pending: PendingCalls; told: string[] } {
  const told: string[] = []
  const pending = new PendingCalls({
    holdOpen: (isHeld) => told.push(isHeld ? 'hold' : 'let go'),
    unclaim: ({ call }) => told.push(`unclaim ${call.id}`),
  })
  return { pending, told }
}

test('PendingCalls.settle() resolves with what read() gives', async () => {
  const { pending } = createPending()
  const call = pendingCall(1)
  const result = pending.add(call)
  pending.settle(call, () => 42)
  expect(await result).toBe(42)
  expect(pending.size).toBe(0)
})

test('PendingCalls.settle() rejects with what read() throws', async () => {
  const { pending } = createPending()
  const call = pendingCall(1)
  const result = pending.add(call)
  pending.settle(call, () => {
    throw new Error('no')
  })
  await expect(result).rejects.toThrow('no')
})

test('PendingCalls.settle() reads only the first answer', async () => {
  const { pending } = createPending()
  const call = pendingCall(1)
  const result = pending.add(call)
  let reads = 0
  for (const value of ['first', 'second']) {
    pending.settle(call, () => {
      reads += 1
      return value
    })
  }
  expect(await result).toBe('first')
  expect(reads).toBe(1)
})

test('PendingCalls leaves no unhandled rejection behind', async () => {
  const { pending } = createPending()
  const unhandled: unknown[] = []
  const note = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  const call = pendingCall(1)
  void pending.add(call)
  pending.settle(call, () => Promise.reject(new Error('nobody listens')))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

test('PendingCalls holds the process open from the first call to the last answer', () => {
  const { pending, told } = createPending()
  const [first, second] = [pendingCall(1), pendingCall(2)]
  void pending.add(first)
  void pending.add(second)
  pending.settle(first, () => 1)
  expect(told).toEqual(['hold'])
  pending.settle(second, () => 2)
  expect(told).toEqual(['hold', 'let go'])
})

test('PendingCalls gives claims back, of calls that were answered and of those taken back', () => {
  const { pending, told } = createPending()
  const claim = { slot: 0, generation: 256 }
  const [answered, taken, plain] = [pendingCall(1, {}, claim), pendingCall(2, {}, claim), pendingCall(3)]
  for (const call of [answered, taken, plain]) void pending.add(call)
  pending.settle(answered, () => 1)
  expect(pending.forget(taken)).toBe(true)
  expect(pending.forget(taken)).toBe(false)
  pending.settle(plain, () => 1)
  expect(told).toEqual(['hold', 'unclaim 1', 'unclaim 2', 'let go'])
})

test('PendingCalls.forget() leaves the result unsettled', async () => {
  const { pending } = createPending()
  const call = pendingCall(1)
  const result = pending.add(call)
  pending.forget(call)
  pending.settle(call, () => 'late')
  const turn = new Promise((resolve) => setImmediate(resolve, 'unsettled'))
  expect(await Promise.race([result, turn])).toBe('unsettled')
})

test('PendingCalls gives calls in the order in which they were made, whether or not they want an answer', () => {
  const { pending } = createPending()
  pending.addSilent(pendingCall(1))
  void pending.add(pendingCall(2))
  pending.addSilent(pendingCall(3))
  void pending.add(pendingCall(4))
  expect(pending.ofMailbox(mailbox).map(({ call }) => call.id)).toEqual([1, 2, 3, 4])
  expect(pending.ofTarget(2).map(({ call }) => call.id)).toEqual([1, 2, 3, 4])
})

test('PendingCalls finds calls by their id, their target and their connection', () => {
  const { pending } = createPending()
  const other = createMailbox()
  const calls = [pendingCall(1), pendingCall(2, { target: 3 }), pendingCall(3, { mailbox: other })]
  for (const call of calls) void pending.add(call)
  expect(pending.get(2)).toBe(calls[1])
  expect(pending.get(9)).toBeUndefined()
  expect(pending.ofTarget(2)).toEqual([calls[0], calls[2]])
  expect(pending.ofMailbox(other)).toEqual([calls[2]])
})

test('PendingCalls can be settled while they are gone through', () => {
  const { pending } = createPending()
  for (const id of [1, 2, 3]) void pending.add(pendingCall(id))
  for (const call of pending.ofTarget(2)) pending.settle(call, () => Promise.reject(new Error('lost')))
  expect(pending.size).toBe(0)
})
