/** What a peer encodes values with, encode and decode in one process. */

import { deserialize, serialize } from 'node:v8'
import { Packr } from 'msgpackr'
import type { Bench } from '../measure.ts'
import type { PoolPeer } from '../peers/pool.ts'

const smallObject = { id: 4711, name: 'worker', isIdle: true, load: 0.25, tags: ['a', 'b'] }
const arrayOfObjects = Array.from({ length: 10_000 }, (_, i) => ({ id: i, name: `item ${i}`, weight: i / 7 }))
const doubles = Float64Array.from({ length: 2 ** 20 }, Math.random)

/** Encodes a value and decodes what came of it. */
type ThereAndBack = (value: unknown) => unknown

export async function codec(peer: PoolPeer, bench: Bench): Promise<void> {
  const thereAndBack = await loadCodec(peer)
  const report = async (name: string, unit: 'µs' | 'ms', value: unknown, times: number): Promise<void> => {
    const each = async (): Promise<number> => {
      const start = performance.now()
      for (let i = 0; i < times; i++) thereAndBack(value)
      return ((performance.now() - start) / times) * (unit === 'µs' ? 1000 : 1)
    }
    await each()
    bench.report(`encode_decode/${name}`, unit, await bench.repeat(11, each))
  }
  await report('small-object', 'µs', smallObject, 20_000)
  await report('array-of-objects', 'ms', arrayOfObjects, 5)
  await report('f64-8MiB', 'ms', doubles, 5)
}

async function loadCodec(peer: PoolPeer): Promise<ThereAndBack> {
  switch (peer) {
    case 'ours': {
      const { Codec, noHooks } = await import('@dialback/protocol')
      const own = new Codec(noHooks)
      return (value) => own.decode(own.encode(value, 'value'))
    }
    case 'bare:ws':
    case 'bare:ws+co': {
      const packr = new Packr({ moreTypes: true, useRecords: false })
      return (value) => packr.unpack(packr.pack(value)) as unknown
    }
    case 'fork':
    case 'piscina':
      return (value) => deserialize(serialize(value)) as unknown
  }
}
