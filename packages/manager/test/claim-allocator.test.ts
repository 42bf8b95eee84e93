import { claimSlots } from '@dialback/runtime'
import { expect, test } from 'vitest'
import { ClaimAllocator } from '../src/claim-allocator.ts'

test('ClaimAllocator gives each call the next generation, and slots in turn', () => {
  const claims = new ClaimAllocator()
  expect([claims.give(), claims.give(), claims.give()]).toEqual([
    { slot: 1, generation: 1 },
    { slot: 2, generation: 2 },
    { slot: 3, generation: 3 },
  ])
})

test('ClaimAllocator gives none while the slot that is next may be needed, and goes on when it is not', () => {
  const claims = new ClaimAllocator()
  const given = Array.from({ length: claimSlots }, () => claims.give())
  expect(new Set(given.map((claim) => claim?.slot)).size).toBe(claimSlots)
  expect(claims.give()).toBeUndefined()
  const [first, second] = given
  if (first === undefined || second === undefined) throw new Error('Cannot happen')
  // The slot that is next is the first one's still.
  claims.release(second)
  expect(claims.give()).toBeUndefined()
  claims.release(first)
  expect(claims.give()).toEqual({ slot: first.slot, generation: claimSlots + 1 })
  expect(claims.give()).toEqual({ slot: second.slot, generation: claimSlots + 2 })
  expect(claims.give()).toBeUndefined()
})

test('ClaimAllocator goes on without end as long as calls are answered', () => {
  const claims = new ClaimAllocator()
  for (let generation = 1; generation <= 10 * claimSlots; generation++) {
    const claim = claims.give()
    expect(claim).toEqual({ slot: generation % claimSlots, generation })
    if (claim !== undefined) claims.release(claim)
  }
})

test('ClaimAllocator.release() of the same claim twice frees nothing else', () => {
  const claims = new ClaimAllocator()
  const first = claims.give()
  claims.give()
  if (first !== undefined) for (let i = 0; i < 2; i++) claims.release(first)
  for (let i = 2; i <= claimSlots; i++) claims.give()
  expect(claims.give()).toBeUndefined()
})
