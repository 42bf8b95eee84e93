import { expect, test } from 'vitest'
import { ManualClock } from '../../runtime/test/manual-clock.ts'
import { type SilentPod, SilentPods } from '../src/kubernetes/silent-pods.ts'

class Pod implements SilentPod {
  readonly gone: Promise<void>
  kills = 0
  readonly #resolve: () => void

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.gone = promise
    this.#resolve = resolve
  }

  end(): void {
    this.kills += 1
    this.#resolve()
  }

  async tell(): Promise<void> {
    this.#resolve()
    await this.gone
  }
}

test('SilentPods kills a pod that has told nothing for ten minutes', async () => {
  const clock = new ManualClock()
  const pods = new SilentPods(clock)
  const [mute, telling] = [new Pod(), new Pod()]
  pods.add(mute)
  pods.add(telling)
  await telling.tell()
  await clock.advance(599_999)
  expect(mute.kills).toBe(0)
  await clock.advance(1)
  expect([mute.kills, telling.kills]).toEqual([1, 0])
})

test('SilentPods kills the one that it has waited for longest when there are more than a thousand', () => {
  const pods = new SilentPods(new ManualClock())
  const many = Array.from({ length: 1_002 }, () => new Pod())
  for (const pod of many) pods.add(pod)
  expect(many.map(({ kills }) => kills)).toEqual([1, 1, ...Array(1_000).fill(0)])
})
