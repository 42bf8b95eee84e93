import { expect, test } from 'vitest'
import { pmap } from '../src/pmap.ts'
import { type Progress, ProgressMeter, progressOf } from '../src/progress.ts'
import { CountedInput } from './counted-input.ts'
import { Gates } from './gates.ts'
import { ManualClock } from './manual-clock.ts'
import { SimulatedCluster, settle } from './simulated-cluster.ts'

test('progressOf() works out rate and remaining time', () => {
  expect(progressOf({ done: 30, failed: 10, running: 2, total: 100 }, 4_000)).toEqual({
    done: 30,
    failed: 10,
    running: 2,
    total: 100,
    elapsedMs: 4_000,
    ratePerSecond: 10,
    etaMs: 6_000,
  })
})

test('progressOf() says no more than is known', () => {
  const nothing = { done: 0, failed: 0, running: 1, elapsedMs: 0, ratePerSecond: 0 }
  expect(progressOf({ done: 0, failed: 0, running: 1, total: undefined }, 0)).toEqual(nothing)
})

test('ProgressMeter shows the first change at once, then one each 100 ms, and the end', async () => {
  const clock = new ManualClock()
  const shown: [number, boolean][] = []
  const counts = { done: 0, failed: 0, running: 0, total: 9 }
  const show = (_progress: Progress, isFinal: boolean): unknown => shown.push([clock.now(), isFinal])
  const meter = new ProgressMeter(
    show,
    () => counts,
    clock,
    () => {},
  )
  for (let i = 0; i < 24; i++) {
    meter.update()
    await clock.advance(10)
  }
  meter.finish()
  meter.finish()
  meter.update()
  expect(shown).toEqual([
    [0, false],
    [100, false],
    [200, false],
    [240, true],
  ])
  expect(clock.pending).toBe(0)
})

test('pmap() reports progress with all that ended', async () => {
  const cluster = new SimulatedCluster({ workers: 2, costMs: () => 100 })
  const seen: Progress[] = []
  const fn = (x: number): number => {
    if (x === 3) throw new Error('no')
    return x
  }
  const options = { progress: (progress: Progress) => seen.push(progress), onError: () => 0 }
  await cluster.clock.passUntil(pmap(cluster, fn, [1, 2, 3, 4], options))
  expect(seen[0]).toMatchObject({ done: 1, failed: 0, total: 4 })
  expect(seen.at(-1)).toMatchObject({ done: 3, failed: 1, running: 0, total: 4, elapsedMs: 200, etaMs: 0 })
})

test('pmap() reports a total when the input has ended', async () => {
  const totals: (number | undefined)[] = []
  const progress = ({ total }: Progress): unknown => totals.push(total)
  const cluster = new SimulatedCluster({ workers: 1, costMs: () => 100 })
  await cluster.clock.passUntil(pmap(cluster, (x: number) => x, new CountedInput(3).sync(), { progress }))
  expect([totals[0], totals.at(-1)]).toEqual([undefined, 3])
})

test('pmap() reports once more when it fails', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const seen: Progress[] = []
  const result = pmap(cluster, () => Promise.reject(new Error('no')), [1, 2], {
    progress: (state) => seen.push(state),
  })
  await expect(result).rejects.toThrow('no')
  expect(seen).toMatchObject([{ done: 0, running: 1, total: 2 }])
})

test('what a progress function throws rejects pmap', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  for (const bad of [0, 1]) {
    const progress = ({ done }: Progress): void => {
      if (done === bad) throw new Error('from progress')
    }
    const result = pmap(cluster, (x: number) => x, bad === 0 ? [] : [1], { progress })
    await expect(result).rejects.toThrow('from progress')
  }
})

test('progress: true draws on a terminal and nowhere else', async () => {
  const gates = new Gates()
  const cluster = new SimulatedCluster({ workers: 1 })
  const written: string[] = []
  const terminal = (isTTY: boolean) => ({ isTTY, write: (text: string) => written.push(text) })
  const run = async (isTTY: boolean): Promise<void> => {
    Object.assign(cluster, { terminal: terminal(isTTY) })
    const result = pmap(cluster, gates.pass, [1], { progress: true })
    await settle()
    gates.open(1)
    await result
  }
  await run(false)
  expect(written).toEqual([])
  await run(true)
  expect(written.at(-1)).toMatch(/^\r.*pmap \[#{24}\] 1\/1 100% .*\n$/)
})
