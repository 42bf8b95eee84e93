import { expect, test } from 'vitest'
import { YoungGarbage } from '../src/young-garbage.ts'

const mib = 1024 * 1024

test('YoungGarbage.add() has memory freed that nobody uses any more, before there is much of it', () => {
  const garbage = new YoungGarbage()
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  for (let i = 0; i < 4_000; i++) {
    Buffer.allocUnsafeSlow(65_536).fill(1)
    garbage.add(65_536)
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
  }
  expect(most).toBeLessThan(8 * mib)
})

test('YoungGarbage leaves no trace among the globals', () => {
  new YoungGarbage().add(100 * mib)
  expect(Reflect.get(globalThis, 'gc')).toBeUndefined()
})
