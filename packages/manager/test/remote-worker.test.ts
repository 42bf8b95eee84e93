import { memoryTransportPair } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { RelayedWorkers } from './relayed-workers.ts'

test('RemoteWorker.connection() lets no thread in whose place another one has taken', () => {
  using workers = new RelayedWorkers()
  const { worker, threadConnection } = workers.add(2)
  const successor = worker.expectSuccessor(threadConnection)
  const [transport] = memoryTransportPair()
  if (successor !== undefined) worker.attach(successor, transport, 0)

  expect(successor?.name).toBe('thread 0.1')
  expect(worker.connection('thread 0.0', undefined)).toBeUndefined()
  expect(worker.connection('thread 0.1', undefined)).toBe(successor)
  expect(worker.threadAt(0)).toBe(successor)
})
