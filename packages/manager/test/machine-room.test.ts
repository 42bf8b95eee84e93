import { expect, test } from 'vitest'
import { LocalManager } from '../src/local/local-manager.ts'
import { checkRoom } from '../src/local/machine-room.ts'

const gib = 2 ** 30

test('checkRoom() lets pass what might just do', () => {
  for (const [np, threads] of [
    [0, 100_000],
    [512, 1],
    [1, 2_000],
    [100, 4],
  ] as const) {
    expect(() => checkRoom(np, threads, 8 * gib)).not.toThrow()
  }
})

test('checkRoom() refuses what no machine of that memory can hold', () => {
  expect(() => checkRoom(1e9, 1, 8 * gib)).toThrow(
    new RangeError(
      'np must be at most 512, for this machine has 8192 MiB and a worker with 1 thread takes at least 16 MiB: 1000000000',
    ),
  )
  expect(() => checkRoom(2, 2_000, 8 * gib)).toThrow(
    new RangeError(
      'np must be at most 1, for this machine has 8192 MiB and a worker with 2000 threads takes at least 8012 MiB: 2',
    ),
  )
})

test('LocalManager() refuses workers and threads beyond all measure', () => {
  expect(() => new LocalManager(1e9)).toThrow(/^np must be at most \d+, for this machine has /)
  expect(() => new LocalManager(1, { threads: 1e9 })).toThrow('threads must be at most 10000: 1000000000')
})
