/** What one worker sends must not harm another: at the worst the sender is ended, or its own call fails. */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Frame, HostileWorker } from './support/hostile-worker.ts'
import { startCluster, type TestCluster } from './test-cluster.ts'

/** A cluster of a real worker, 2, and a hostile one, 3. */
class Attacked implements AsyncDisposable {
  readonly started: TestCluster
  readonly pid: number
  hostile: HostileWorker

  private constructor(started: TestCluster, hostile: HostileWorker, pid: number) {
    this.started = started
    this.hostile = hostile
    this.pid = pid
  }

  static async start(): Promise<Attacked> {
    const started = await startCluster(1)
    const hostile = new HostileWorker()
    await started.cluster.addProcs(hostile)
    return new Attacked(started, hostile, await started.cluster.remoteCallFetch(pid, 2))
  }

  /** Has another one join where the last was ended. */
  async replaceHostile(): Promise<void> {
    if (this.started.cluster.workers().length > 1) return
    this.hostile = new HostileWorker()
    await this.started.cluster.addProcs(this.hostile)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.started[Symbol.asyncDispose]()
  }
}

/** Fails unless worker 2 is the process that it was, and runs what it is sent. */
async function expectUnharmed({ started, pid: before }: Attacked): Promise<void> {
  expect(await started.cluster.remoteCallFetch(pid, 2)).toBe(before)
  expect(await started.cluster.remoteCallFetch(double, 2, 21)).toBe(42)
}

function pid(): number {
  return process.pid
}

function double(n: number): number {
  return 2 * n
}

const garbage = Buffer.from('c1ffffffff00', 'hex')

test.each<[title: string, frames: (id: number) => Frame[]]>([
  [
    'parts that are not its body',
    (id) => [[{ type: 'call', id, to: 2, fn: 'f', parts: [100] }, Buffer.of(1)]],
  ],
  [
    'a claim outside of the table',
    (id) => [[{ type: 'call', id, to: 2, fn: 'f', claim: { slot: 1e6, generation: 1 } }, null]],
  ],
  ['the id of another process', () => [[{ type: 'call', id: 2 ** 32 + 5, to: 2, fn: 'f' }, null]]],
  [
    'a call to keep under the ref of another',
    (id) => [[{ type: 'call', id, to: 2, fn: 'f', keep: 5 }, null]],
  ],
  ['an open with the ref of another', () => [[{ type: 'open', to: 2, ref: 5 }, null]]],
  ['how a call of another ended', (id) => [[{ type: 'put', id, to: 2, ref: 5, isCall: true }, garbage]]],
  ['a stream of another', (id) => [[{ type: 'call', id, to: 2, fn: 'f', parts: [9], stream: 17 }, null]]],
  ['a body of no bytes', (id) => [[{ type: 'call', id, to: 2, fn: 'f', parts: [0], stream: id + 1 }, null]]],
  [
    'a stream that is in use',
    (id) => [
      [{ type: 'call', id, to: 2, fn: 'f', parts: [9], stream: id + 1 }, null],
      [{ type: 'call', id: id + 2, to: 2, fn: 'f', parts: [9], stream: id + 1 }, null],
    ],
  ],
  [
    'a chunk that does not fit',
    (id) => [
      [{ type: 'call', id, to: 2, fn: 'f', parts: [2, 9], stream: id + 1 }, null],
      [{ type: 'chunk', stream: id + 1 }, Buffer.alloc(3)],
    ],
  ],
  [
    'an empty chunk',
    (id) => [
      [{ type: 'call', id, to: 2, fn: 'f', parts: [2], stream: id + 1 }, null],
      [{ type: 'chunk', stream: id + 1 }, Buffer.alloc(0)],
    ],
  ],
  [
    'a body in its frame that should be chunks',
    (id) => [[{ type: 'call', id, to: 2, fn: 'f' }, Buffer.alloc(1e5)]],
  ],
  ['headers of almost a packet', (id) => [[{ type: 'call', id, to: 2, fn: 'f', x: 'x'.repeat(8e6) }, null]]],
  [
    'a field that is nested deeply',
    (id) => [[{ type: 'call', id, to: 2, fn: 'f', later: nested(800) }, null]],
  ],
  ['handles without a body', (id) => [[{ type: 'call', id, to: 2, fn: 'f', handles: [2, 5] }, null]]],
])('a worker that sends %s to another one is ended, with that as the reason', async (_title, frames) => {
  await using attacked = await Attacked.start()

  attacked.hostile.send(...frames(attacked.hostile.firstId))

  const line = await attacked.started.logged('Worker 3 was terminated due to: Disconnected')
  expect(line).toContain('(it broke the protocol: Received ')
  await expectUnharmed(attacked)
})

test('calls whose arguments are garbage fail, each with the reason, and nothing else', async () => {
  await using attacked = await Attacked.start()
  const { hostile, started } = attacked
  const { hash } = started.cluster.peer.carrier.prepare(double)
  await expectUnharmed(attacked)

  hostile.send([{ type: 'call', id: hostile.firstId, to: 2, fn: hash }, garbage])

  expect(await hostile.told('ProtocolError')).toContain('Cannot decode a body')
  await expectUnharmed(attacked)
})

test('a definition and a module that are garbage leave those alone that others sent by the same names', async () => {
  await using attacked = await Attacked.start()
  const { hostile, started } = attacked
  const { hash } = started.cluster.peer.carrier.prepare(double)
  await expectUnharmed(attacked)
  const { firstId: id } = hostile

  hostile.send(
    [{ type: 'define', id, to: 2, hash }, garbage],
    [{ type: 'module', id: id + 1, to: 2, hash: 'm' }, garbage],
    [{ type: 'call', id: id + 2, to: 2, fn: hash, modules: ['m'] }, garbage],
    [{ type: 'cancel', id: id + 2, to: 2 }, garbage],
  )

  expect(await hostile.told('unknown')).toBeDefined()
  await expectUnharmed(attacked)
})

test('answers of a worker that was not asked are not taken for those of the one that was', async () => {
  await using attacked = await Attacked.start()
  const { hostile, started } = attacked
  const asked = started.cluster.remoteCallFetch(waitForIt, 2)
  await started.logged('2: asked')

  // The manager's ids count from 1: one of these is the call's.
  hostile.send(...Array.from({ length: 500 }, (_, id): Frame => [{ type: 'result', id }, Buffer.of(5)]))
  hostile.send([{ type: 'call', id: hostile.firstId, to: 2, fn: 'f' }, null])
  await hostile.told('unknown')
  await started.cluster.everywhere({ isEnough: true }, { procs: [2] })

  expect(await asked).toBe('right')
})

test.runIf(process.platform === 'linux')(
  'a body that a worker has no memory for fails, and the worker goes on',
  async () => {
    await using attacked = await Attacked.start()
    const { hostile, started } = attacked
    const { firstId: id } = hostile
    const process2 = await started.cluster.remoteCallFetch(pid, 2)
    const [, used = '0'] = /VmSize:\s+(\d+)/.exec(readFileSync(`/proc/${process2}/status`, 'utf8')) ?? []
    execFileSync('prlimit', ['--pid', String(process2), `--as=${1_024 * Number(used) + 2 ** 29}`])

    hostile.send([{ type: 'call', id, to: 2, fn: 'f', parts: [2 ** 32], stream: id + 1 }, null])

    expect(await hostile.told('RangeError')).toContain('Cannot receive 4294967296 bytes')
    await expectUnharmed(attacked)
  },
)

test('whatever one worker sends, another one is unharmed', { timeout: 300_000 }, async () => {
  await using attacked = await Attacked.start()
  await fc.assert(
    fc.asyncProperty(fc.array(framesOf(), { minLength: 1, maxLength: 8 }), async (packets) => {
      await attacked.replaceHostile()
      const { firstId } = attacked.hostile
      for (const packet of packets) attacked.hostile.send(...packet.map((make) => make(firstId)))
      await expectUnharmed(attacked)
    }),
    { numRuns: 150, endOnFailure: true },
  )
})

type MakeFrame = (firstId: number) => Frame

/** Frames for worker 2 that are almost as they should be. */
function framesOf(): fc.Arbitrary<MakeFrame[]> {
  const number = fc.oneof(
    { weight: 8, arbitrary: fc.nat({ max: 6 }).map((n) => (firstId: number) => firstId + n) },
    { weight: 1, arbitrary: fc.constantFrom(0, 1, 5, 255, 2 ** 31, 2 ** 32 + 1).map((n) => () => n) },
  )
  const frame = fc
    .record(
      {
        type: fc.constantFrom(...types),
        numbers: fc.record(
          { id: number, ref: number, stream: number, keep: number },
          { requiredKeys: ['id', 'ref'] },
        ),
        parts: fc.array(fc.constantFrom(0, 1, 3, 70_000, 2 ** 31), { maxLength: 3 }),
        rest: fc.record(
          {
            modules: fc.constant(['m']),
            handles: fc.constantFrom([2, 5], [2, 2 ** 32 + 1, 1, 9]),
            lane: fc.constant('l'),
            claim: fc.constantFrom({ slot: 3, generation: 2 ** 31 - 1 }, { slot: 256, generation: 1 }),
            isBatch: fc.boolean(),
            isSilent: fc.boolean(),
            isPacked: fc.boolean(),
            isOwn: fc.boolean(),
            later: fc.constantFrom(1, [1, 2], [[1]], { a: 1 }),
          },
          { requiredKeys: [] },
        ),
        bytes: fc.option(fc.uint8Array({ maxLength: 40 })),
      },
      { requiredKeys: ['type', 'numbers', 'rest', 'bytes'] },
    )
    .map(
      ({ type, numbers, parts, rest, bytes }): MakeFrame =>
        (firstId) => {
          const made = Object.entries(numbers).map(([key, make]) => [key, make(firstId)])
          const fields = { ...Object.fromEntries(made), ...rest, ...(parts && { parts }) }
          return [{ ...fixed, ...fields, type }, bytes]
        },
    )
  return fc.array(frame, { minLength: 1, maxLength: 6 })
}

const fixed = {
  to: 2,
  fn: 'f',
  hash: 'h',
  kind: 'thrown',
  isReady: true,
  isOpen: true,
  chunks: 1,
  refs: [5, 1],
}

const types = [
  'call',
  'call',
  'define',
  'module',
  'cancel',
  'open',
  'put',
  'take',
  'received',
  'fetch',
  'inspect',
  'close',
  'chunk',
  'chunk',
  'credit',
  'stop',
  'result',
  'error',
  'unknown',
  'state',
]

async function waitForIt(): Promise<string> {
  process.stderr.write('asked\n')
  while (Reflect.get(globalThis, 'isEnough') !== true) await new Promise((resolve) => setImmediate(resolve))
  return 'right'
}

function nested(depth: number): unknown[] {
  let list: unknown[] = []
  for (let i = 0; i < depth; i++) list = [list]
  return list
}
