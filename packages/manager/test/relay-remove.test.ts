import { expect, test } from 'vitest'
import { bodyOf, type RelayedWorker, RelayedWorkers, settled } from './relayed-workers.ts'

const mib = 1024 * 1024

/** Two workers, of which 2 has called 3 with this many bytes. */
async function called(
  workers: RelayedWorkers,
  bytes = 10,
): Promise<{ from: RelayedWorker; to: RelayedWorker; id: number }> {
  const [from, to] = [workers.add(2), workers.add(3)]
  const id = from.thread.nextId()
  from.thread.mailbox.post({ type: 'call', id, to: 3, fn: 'f' }, bodyOf(bytes))
  await settled(bytes > mib ? 3 : 12)
  return { from, to, id }
}

test.each(['failed', 'thrown'] as const)(
  'Relay.remove() answers what was asked of a lost worker: %s',
  async (kind) => {
    using workers = new RelayedWorkers()
    const { from, to, id } = await called(workers)
    const fetch = from.thread.nextId()
    from.thread.mailbox.post({ type: 'fetch', id: fetch, to: 3, ref: 5 })
    await settled()
    workers.lose(to, kind)
    await settled()
    expect(from.thread.messages).toHaveLength(2)
    expect(from.thread.messages).toContainEqual({ type: 'error', id, kind })
    expect(from.thread.messages).toContainEqual({ type: 'error', id: fetch, kind })
    expect(from.thread.texts).toEqual(['lost 3', 'lost 3'])
    expect(workers.relay.size).toBe(0)
  },
)

test('Relay.remove() has a worker keep that the caller of what it was to keep is gone', async () => {
  using workers = new RelayedWorkers()
  const [from, to] = [workers.add(2), workers.add(3)]
  const [id, keep] = [from.thread.nextId(), from.thread.nextId()]
  from.thread.mailbox.post({ type: 'call', id, to: 3, fn: 'f', keep })
  await settled()
  workers.lose(from)
  await settled()
  expect(to.control.messages).toMatchObject([{ type: 'put', to: 3, ref: keep, isCall: true, kind: 'thrown' }])
  expect(workers.cancelled).toEqual([`3 thread 0.0 ${id}`])
  to.thread.mailbox.post({ type: 'error', id, kind: 'thrown' })
  await settled()
  expect(workers.freed).toEqual([`3:${keep}`])
})

test('Relay tells of a call that its caller cancels', async () => {
  using workers = new RelayedWorkers()
  const { from, id } = await called(workers)
  from.thread.mailbox.post({ type: 'cancel', id, to: 3 })
  await settled()
  expect(workers.cancelled).toEqual([`3 thread 0.0 ${id}`])
})

test('Relay.remove() cancels what a lost worker had asked for, and drops the answer', async () => {
  using workers = new RelayedWorkers()
  const { from, to, id } = await called(workers)
  workers.lose(from)
  to.thread.mailbox.post({ type: 'result', id }, bodyOf(10 * mib))
  await settled(60)
  expect(to.thread.messages.slice(1)).toEqual([{ type: 'cancel', id, to: 3 }])
  expect(workers.relay.size).toBe(0)
})

test('Relay.remove() answers a call whose answer had begun when the worker was lost', async () => {
  using workers = new RelayedWorkers()
  const { from, to, id } = await called(workers)
  to.thread.mailbox.post({ type: 'result', id }, bodyOf(20 * mib))
  await settled(3)
  workers.lose(to)
  await settled(60)
  expect(from.thread.messages).toEqual([{ type: 'error', id, kind: 'failed' }])
  expect(workers.relay.size).toBe(0)
})

test('Relay.remove() leaves an answer alone that has arrived whole', async () => {
  using workers = new RelayedWorkers()
  const { from, to, id } = await called(workers)
  to.thread.mailbox.post({ type: 'result', id }, bodyOf(2 * mib))
  await settled(60)
  workers.lose(to)
  await settled()
  expect(from.thread.messages).toEqual([{ type: 'result', id }])
})

test('Relay.remove() of a worker stops the bodies that are on their way to it', async () => {
  using workers = new RelayedWorkers()
  const { from, to, id } = await called(workers, 40 * mib)
  workers.lose(to)
  await settled(60)
  expect(from.thread.messages).toEqual([{ type: 'error', id, kind: 'failed' }])
  expect(workers.relay.size).toBe(0)
  expect(from.thread.mailbox.link.isAttached).toBe(true)
})

test('Relay.remove() of a caller drops its call that is under way, and lets those of others pass', async () => {
  using workers = new RelayedWorkers()
  const { from, to } = await called(workers, 40 * mib)
  const other = workers.add(4)
  workers.lose(from)
  const id = other.thread.nextId()
  other.thread.mailbox.post({ type: 'call', id, to: 3, fn: 'f' })
  await settled(60)
  expect(to.thread.messages.filter(({ type }) => type === 'call')).toEqual([
    { type: 'call', id, to: 3, fn: 'f' },
  ])
})

test('Relay does not let a stop overtake what it stops', async () => {
  using workers = new RelayedWorkers()
  const [from, to] = [workers.add(2), workers.add(3)]
  const { link } = from.thread.mailbox
  const [first, second, stream] = [from.thread.nextId(), from.thread.nextId(), from.thread.nextId()]
  link.send({ type: 'call', id: first, to: 3, fn: 'f', parts: [mib], stream }, null)
  link.send({ type: 'stop', stream }, null)
  link.send({ type: 'call', id: second, to: 3, fn: 'f' }, null)
  await settled()
  expect(to.thread.messages).toEqual([{ type: 'call', id: second, to: 3, fn: 'f' }])
})

test('Relay takes chunks of a stream only from whoever began it', async () => {
  using workers = new RelayedWorkers()
  const [from, to, other] = [workers.add(2), workers.add(3), workers.add(4)]
  const [id, stream] = [from.thread.nextId(), from.thread.nextId()]
  from.thread.mailbox.link.send({ type: 'call', id, to: 3, fn: 'f', parts: [3], stream }, null)
  await settled()
  other.thread.mailbox.link.send({ type: 'chunk', stream }, Buffer.from('bad'))
  await settled()
  from.thread.mailbox.link.send({ type: 'chunk', stream }, Buffer.from('yes'))
  await settled()
  expect(to.thread.texts).toEqual(['yes'])
})

test('Relay takes a chunk in memory that is not shared for a breach of the protocol', async () => {
  using workers = new RelayedWorkers()
  const [from, to] = [workers.add(2), workers.add(3)]
  const [id, stream] = [from.thread.nextId(), from.thread.nextId()]
  const { link } = from.thread.mailbox
  link.send({ type: 'call', id, to: 3, fn: 'f', parts: [3], stream }, null)
  link.send({ type: 'chunk', stream, slot: { pid: process.pid, fd: 0, offset: 0, length: 3 } }, null)
  await settled()
  expect(workers.violated).toEqual([2])
  expect(to.thread.messages).toEqual([])
})

test('Relay lets nobody hold what was in a body whose rest never comes', async () => {
  using workers = new RelayedWorkers()
  const [lost, stopping, to] = [workers.add(2), workers.add(3), workers.add(4)]
  for (const [from, ref] of [
    [lost, 70],
    [stopping, 71],
  ] as const) {
    const [id, stream] = [from.thread.nextId(), from.thread.nextId()]
    const { link } = from.thread.mailbox
    link.send({ type: 'call', id, to: 4, fn: 'f', parts: [70_000], stream, handles: [4, ref] }, null)
    link.send({ type: 'chunk', stream }, Buffer.alloc(100))
    if (from === stopping) link.send({ type: 'stop', stream }, null)
  }
  await settled()
  expect(workers.freed).toEqual(['4:71'])
  workers.lose(lost)
  await settled()
  expect(workers.freed).toEqual(['4:71', '4:70'])
  expect(to.thread.messages.filter(({ type }) => type === 'call')).toEqual([])
})

test('Relay.remove() of a replaced thread has calls made again that never began, and only those', async () => {
  using workers = new RelayedWorkers()
  const [from, to] = [workers.add(2), workers.add(3)]
  const [begun, waiting, large, cancelled] = [1, 2, 3, 4].map(() => from.thread.nextId())
  const call = (id = 0, bytes = 5): void =>
    from.thread.mailbox.post({ type: 'call', id, to: 3, fn: 'f', keep: id }, bodyOf(bytes))
  for (const id of [begun, waiting, cancelled]) call(id)
  from.thread.mailbox.post({ type: 'cancel', id: cancelled ?? 0, to: 3 })
  call(large, 40 * mib)
  await settled(3)

  const successor = workers.replaceThread(to, [begun ?? 0])
  await settled()
  const answers = from.thread.messages
  call(waiting)
  call(large, 40 * mib)
  await settled(300)

  expect(answers).toEqual([
    { type: 'error', id: begun, kind: 'thrown' },
    { type: 'unknown', id: waiting },
    { type: 'error', id: cancelled, kind: 'thrown' },
    { type: 'unknown', id: large },
  ])
  expect(successor.messages.map((message) => message.type === 'call' && message.id)).toEqual([waiting, large])
  expect(to.control.messages).toMatchObject([
    { type: 'put', ref: begun, isCall: true, kind: 'thrown' },
    { type: 'put', ref: cancelled, isCall: true, kind: 'thrown' },
  ])
  for (const id of [waiting, large]) successor.mailbox.post({ type: 'result', id: id ?? 0 })
  await settled()
  expect(workers.relay.size).toBe(0)
})
