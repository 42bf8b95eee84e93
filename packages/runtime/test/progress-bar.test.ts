import { expect, test } from 'vitest'
import { progressBar, progressLine } from '../src/progress-bar.ts'

const half = {
  done: 49,
  failed: 1,
  running: 2,
  total: 100,
  elapsedMs: 4_000,
  ratePerSecond: 12.5,
  etaMs: 4_000,
}
const unknown = { done: 1_234, failed: 0, running: 2, elapsedMs: 1_000, ratePerSecond: 1_234 }

test.each([
  [half, 'pmap [############············] 50/100 50% 12.5/s, 4 s left, 1 failed'],
  [unknown, 'pmap 1234 1234/s'],
  [{ ...half, etaMs: 61_000 }, 'pmap [############············] 50/100 50% 12.5/s, 1 min 1 s left, 1 failed'],
  [
    { ...half, etaMs: 7_500_000, failed: 0 },
    'pmap [############············] 49/100 49% 12.5/s, 2 h 5 min left',
  ],
  [{ ...half, done: 0, failed: 0, total: 0 }, 'pmap [########################] 0/0 100% 12.5/s'],
])('progressLine() %#', (progress, line) => {
  expect(progressLine('pmap', progress)).toBe(line)
})

test('progressBar() redraws one line, cut to the width of the terminal, and leaves the last one', () => {
  const written: string[] = []
  const draw = progressBar('imap', { isTTY: true, columns: 20, write: (text) => written.push(text) })
  draw?.(half, false)
  draw?.(unknown, true)
  expect(written).toEqual(['\r\u001b[2Kimap [############·', '\r\u001b[2Kimap 1234 1234/s\n'])
})

test('progressBar() draws nothing where there is no terminal', () => {
  expect(progressBar('pmap', { write: () => true })).toBeUndefined()
})

test('progressBar() takes a terminal without a width for one of 80 columns', () => {
  const written: string[] = []
  const draw = progressBar('pmap', { isTTY: true, columns: 0, write: (text) => written.push(text) })
  draw?.(unknown, true)
  expect(written).toEqual(['\r\u001b[2Kpmap 1234 1234/s\n'])
})
