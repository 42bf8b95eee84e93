import { expect, test } from 'vitest'
import { type KeptValue, ValueStore } from '../src/value-store.ts'

function valueOf(byte: number): KeptValue {
  return { kind: 'value', body: { head: Uint8Array.of(byte), buffers: [] } }
}

/** What callbacks were told, in order. */
function recorder(): { told: KeptValue[]; tell: (value: KeptValue) => void } {
  const told: KeptValue[] = []
  return { told, tell: (value) => void told.push(value) }
}

test('ValueStore.get() gives at once what is there', () => {
  const values = new ValueStore()
  const { told, tell } = recorder()
  values.set(7, valueOf(1))
  values.get(7, tell)
  values.get(7, tell)
  expect(told).toEqual([valueOf(1), valueOf(1)])
})

test('ValueStore.get() tells all that wait, in order, when the value is made', () => {
  const values = new ValueStore()
  const order: number[] = []
  values.get(7, () => order.push(1))
  values.get(8, () => order.push(8))
  values.get(7, () => order.push(2))
  expect(order).toEqual([])
  values.set(7, valueOf(1))
  expect(order).toEqual([1, 2])
})

test('ValueStore tells nobody twice', () => {
  const values = new ValueStore()
  const { told, tell } = recorder()
  values.get(7, tell)
  values.set(7, valueOf(1))
  values.set(7, valueOf(2))
  expect(told).toEqual([valueOf(1)])
})

test('ValueStore passes on how the call failed', () => {
  const values = new ValueStore()
  const { told, tell } = recorder()
  values.set(7, { ...valueOf(1), kind: 'thrown' })
  values.get(7, tell)
  expect(told).toEqual([{ ...valueOf(1), kind: 'thrown' }])
})

test('ValueStore.delete() lets go of a value', () => {
  const values = new ValueStore()
  values.set(7, valueOf(1))
  values.set(8, valueOf(2))
  expect(values.size).toBe(2)
  values.delete(7)
  values.delete(7)
  expect(values.size).toBe(1)
})
