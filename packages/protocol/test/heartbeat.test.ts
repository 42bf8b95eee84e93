import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Heartbeat } from '../src/heartbeat.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A heartbeat every 100 ms that takes 350 ms of silence for the end. */
class Beating {
  now = 0
  lastReceivedAt = 0
  readonly told: string[] = []
  readonly heartbeat: Heartbeat

  constructor() {
    this.heartbeat = new Heartbeat({
      intervalMs: 100,
      silenceLimitMs: 350,
      lastReceivedAt: () => this.lastReceivedAt,
      now: () => this.now,
      ping: () => this.told.push(`ping ${this.now}`),
      silent: () => this.told.push(`silent ${this.now}`),
    })
  }

  /** Lets so many intervals pass; each answer arrives at once while `isAnswered`. */
  beat(times: number, isAnswered = false): void {
    for (let i = 0; i < times; i++) {
      this.now += 100
      if (isAnswered) this.lastReceivedAt = this.now
      vi.advanceTimersByTime(100)
    }
  }

  get silences(): string[] {
    return this.told.filter((line) => line.startsWith('silent'))
  }
}

test('Heartbeat pings at each interval, whether or not anything arrives', () => {
  const beating = new Beating()
  beating.beat(2, true)
  beating.beat(1)
  expect(beating.told).toEqual(['ping 100', 'ping 200', 'ping 300'])
})

test('Heartbeat is content as long as something arrives', () => {
  const beating = new Beating()
  beating.beat(100, true)
  expect(beating.silences).toEqual([])
})

test('Heartbeat tells of a silence once', () => {
  const beating = new Beating()
  beating.beat(10)
  expect(beating.silences).toEqual(['silent 400'])
})

test('Heartbeat tells of a silence again when there was something in between', () => {
  const beating = new Beating()
  beating.beat(5)
  beating.beat(1, true)
  beating.beat(4)
  expect(beating.silences).toEqual(['silent 400', 'silent 1000'])
})

test('Heartbeat does not judge just after this process itself was asleep', () => {
  const beating = new Beating()
  beating.beat(1, true)
  beating.now += 60_000
  beating.beat(1)
  expect(beating.silences).toEqual([])
  // What had arrived meanwhile is read now.
  beating.beat(5, true)
  expect(beating.silences).toEqual([])
})

test('Heartbeat judges at the second tick after such a sleep', () => {
  const beating = new Beating()
  beating.now += 60_000
  beating.beat(2)
  expect(beating.silences).toEqual(['silent 60200'])
})

test('Heartbeat.stop() ends it, also twice', () => {
  const beating = new Beating()
  beating.beat(1)
  beating.heartbeat.stop()
  beating.heartbeat.stop()
  beating.beat(10)
  expect(beating.told).toEqual(['ping 100'])
  expect(vi.getTimerCount()).toBe(0)
})
