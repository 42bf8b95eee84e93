import { SharedMemory } from '@dialback/protocol'
import { describe, expect, test } from 'vitest'
import { bodyOf, RelayedWorkers, settled } from './relayed-workers.ts'

const mib = 1024 * 1024

test('Relay passes calls, definitions, modules and cancels on to the thread, as they are and in order', async () => {
  using workers = new RelayedWorkers()
  const [from, to] = [workers.add(2), workers.add(3)]
  const [m, f, c] = [from.thread.nextId(), from.thread.nextId(), from.thread.nextId()]
  const { mailbox } = from.thread
  mailbox.post({ type: 'module', id: m, to: 3, hash: 'm' }, bodyOf(3))
  mailbox.post({ type: 'define', id: f, to: 3, hash: 'f', modules: ['m'] }, bodyOf(4))
  mailbox.post({ type: 'call', id: c, to: 3, fn: 'f', keep: c, modules: ['m'] }, bodyOf(5))
  mailbox.post({ type: 'cancel', id: c, to: 3 }, bodyOf(6))
  await settled()
  expect(to.thread.messages).toEqual([
    { type: 'module', id: m, to: 3, hash: 'm' },
    { type: 'define', id: f, to: 3, hash: 'f', modules: ['m'] },
    { type: 'call', id: c, to: 3, fn: 'f', keep: c, modules: ['m'] },
    { type: 'cancel', id: c, to: 3 },
  ])
  expect(to.thread.received.map(({ body }) => body.head.byteLength)).toEqual([3, 4, 5, 6])
  expect(workers.own).toEqual([])
})

test('Relay passes what is asked of futures and channels on to the control connection', async () => {
  using workers = new RelayedWorkers()
  const [from, to] = [workers.add(2), workers.add(3)]
  const [fetch, put, take] = [from.thread.nextId(), from.thread.nextId(), from.thread.nextId()]
  const ref = from.thread.nextId()
  const asked = [
    { type: 'open', to: 3, ref, capacity: 1 },
    { type: 'fetch', id: fetch, to: 3, ref },
    { type: 'put', id: put, to: 3, ref },
    { type: 'take', id: take, to: 3, ref },
    { type: 'received', id: take, to: 3 },
  ] as const
  for (const message of asked) from.thread.mailbox.post(message)
  await settled()
  expect(to.control.messages).toEqual(asked)
  expect(to.thread.messages).toEqual([])
})

test('Relay lets whoever asked take a question back, from where it was passed to', async () => {
  using workers = new RelayedWorkers()
  const [from, to] = [workers.add(2), workers.add(3)]
  const id = from.thread.nextId()
  from.thread.mailbox.post({ type: 'take', id, to: 3, ref: 9 })
  from.thread.mailbox.post({ type: 'cancel', id, to: 3 }, bodyOf(3))
  await settled()
  expect(to.control.messages.map(({ type }) => type)).toEqual(['take', 'cancel'])
  to.control.mailbox.post({ type: 'error', id, kind: 'failed' }, bodyOf(3))
  await settled()
  expect(from.thread.messages).toEqual([{ type: 'error', id, kind: 'failed' }])
  expect(workers.relay.size).toBe(0)
})

test('Relay tells the owner when the taker of a value is lost before it has arrived', async () => {
  using workers = new RelayedWorkers()
  const [from, to] = [workers.add(2), workers.add(3)]
  const [arrived, lost] = [from.thread.nextId(), from.thread.nextId()]
  for (const id of [arrived, lost]) {
    from.thread.mailbox.post({ type: 'take', id, to: 3, ref: 9 })
    await settled()
    to.control.mailbox.post({ type: 'result', id }, bodyOf(3))
  }
  await settled()
  from.thread.mailbox.post({ type: 'received', id: arrived, to: 3 })
  await settled()
  workers.lose(from)
  await settled()
  expect(to.control.messages.slice(2)).toEqual([
    { type: 'received', id: arrived, to: 3 },
    { type: 'cancel', id: lost, to: 3 },
  ])
  expect(workers.relay.size).toBe(0)
})

test('Relay brings answers back to whoever asked, by their number alone', async () => {
  using workers = new RelayedWorkers()
  const [from, to] = [workers.add(2), workers.add(3)]
  const ids = [1, 2, 3, 4].map(() => from.thread.nextId())
  for (const id of ids) from.thread.mailbox.post({ type: 'call', id, to: 3, fn: 'f' })
  await settled()
  expect(workers.relay.size).toBe(4)
  const [result = 0, thrown = 0, failed = 0, unknown = 0] = ids
  to.thread.mailbox.post({ type: 'result', id: result }, bodyOf(3))
  to.thread.mailbox.post({ type: 'error', id: thrown, kind: 'thrown' }, bodyOf(4))
  to.thread.mailbox.post({ type: 'error', id: failed, kind: 'failed' })
  to.thread.mailbox.post({ type: 'unknown', id: unknown })
  await settled()
  expect(from.thread.messages).toEqual([
    { type: 'result', id: result },
    { type: 'error', id: thrown, kind: 'thrown' },
    { type: 'error', id: failed, kind: 'failed' },
    { type: 'unknown', id: unknown },
  ])
  expect(workers.relay.size).toBe(0)
})

test('Relay leaves to the manager what is for it', async () => {
  using workers = new RelayedWorkers()
  const from = workers.add(2)
  const id = from.thread.nextId()
  from.thread.mailbox.post({ type: 'call', id, to: 1, fn: 'f' }, bodyOf(2 * mib))
  from.thread.mailbox.post({ type: 'fetch', id: id + 1, to: 1, ref: 5 })
  from.thread.mailbox.post({ type: 'result', id: 17 }, bodyOf(mib))
  from.control.mailbox.post({ type: 'recalled', id: 18, isTaken: true })
  await settled(60)
  const types = workers.own.map(({ message }) => message.type)
  expect(types.sort()).toEqual(['call', 'fetch', 'recalled', 'result'])
  expect(workers.own.find(({ message }) => message.type === 'call')?.body.head).toHaveLength(2 * mib)
  expect(workers.relay.size).toBe(0)
})

test('Relay answers for a worker that is not there, and forgets nothing of it', async () => {
  using workers = new RelayedWorkers()
  const from = workers.add(2)
  const [small, large, fetch] = [from.thread.nextId(), from.thread.nextId(), from.thread.nextId()]
  from.thread.mailbox.post({ type: 'call', id: small, to: 9, fn: 'f' })
  from.thread.mailbox.post({ type: 'call', id: large, to: 9, fn: 'f' }, bodyOf(10 * mib))
  from.thread.mailbox.post({ type: 'fetch', id: fetch, to: 9, ref: 5 })
  from.thread.mailbox.post({ type: 'received', id: small, to: 9 })
  from.thread.mailbox.post({ type: 'cancel', id: small, to: 9 })
  await settled(60)
  const refusal = { type: 'error', kind: 'failed' }
  expect(from.thread.messages).toMatchObject([
    { ...refusal, id: small },
    { ...refusal, id: large },
    { ...refusal, id: fetch },
  ])
  expect(from.thread.texts).toEqual(Array(3).fill('worker 9 is gone'))
  expect(workers.relay.size).toBe(0)
})

test('Relay keeps calls that want no answer until they have started', async () => {
  using workers = new RelayedWorkers()
  const [from, to] = [workers.add(2), workers.add(3)]
  const id = from.thread.nextId()
  from.thread.mailbox.post({ type: 'call', id, to: 3, fn: 'f', isSilent: true })
  await settled()
  expect(to.thread.messages).toHaveLength(1)
  expect(workers.relay.size).toBe(1)
  to.thread.mailbox.post({ type: 'result', id })
  await settled()
  expect(from.thread.messages).toEqual([{ type: 'result', id }])
  expect(workers.relay.size).toBe(0)
})

test('Relay lets a call be made again that was answered with unknown', async () => {
  using workers = new RelayedWorkers()
  const [from, to] = [workers.add(2), workers.add(3)]
  const id = from.thread.nextId()
  from.thread.mailbox.post({ type: 'call', id, to: 3, fn: 'f' })
  await settled()
  to.thread.mailbox.post({ type: 'unknown', id })
  await settled()
  from.thread.mailbox.post({ type: 'call', id, to: 3, fn: 'f' })
  await settled()
  to.thread.mailbox.post({ type: 'result', id })
  await settled()
  expect(from.thread.messages.map(({ type }) => type)).toEqual(['unknown', 'result'])
  expect(workers.relay.size).toBe(0)
})

const create = (): SharedMemory | undefined => SharedMemory.create()

describe.each([
  ['sockets alone', [undefined, undefined], [undefined, undefined]],
  ['shared memory', [create(), create()], [create(), create()]],
  ['shared memory to a worker that shares none', [create(), create()], [undefined, undefined]],
  ['a socket to a worker that shares memory', [undefined, undefined], [create(), create()]],
] as const)('Relay over %s', (_, fromMemory, toMemory) => {
  test('passes large bodies both ways whole, and keeps nothing of them', async () => {
    using workers = new RelayedWorkers()
    const [from, to] = [workers.add(2, fromMemory), workers.add(3, toMemory)]
    const id = from.thread.nextId()
    const body = { head: Buffer.alloc(70_000, 1), buffers: [Buffer.alloc(5 * mib, 2), Buffer.alloc(3, 3)] }
    from.thread.mailbox.post({ type: 'call', id, to: 3, fn: 'f' }, body)
    await settled(100)
    expect(to.thread.received[0]?.body.buffers.map((buffer) => [buffer.byteLength, buffer.at(-1)])).toEqual([
      [5 * mib, 2],
      [3, 3],
    ])
    to.thread.mailbox.post({ type: 'result', id }, body)
    await settled(100)
    expect(from.thread.received[0]?.body.buffers.map((buffer) => [buffer.byteLength, buffer.at(-1)])).toEqual(
      [
        [5 * mib, 2],
        [3, 3],
      ],
    )
    expect(workers.relay.size).toBe(0)
    expect(workers.violated).toEqual([])
  })
})
