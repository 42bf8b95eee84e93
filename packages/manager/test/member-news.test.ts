import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { MemberNews } from '../src/member-news.ts'
import { type RelayedWorker, RelayedWorkers } from './relayed-workers.ts'

test('MemberNews tells each thread the last of many changes', async () => {
  using relayed = new RelayedWorkers()
  const news = new MemberNews()
  const workers = Array.from({ length: 40 }, (_, n) => added(news, relayed.add(n + 2)))
  news.tell([2, 3, 4])
  news.tell([3, 4])

  while (!workers.every(({ thread }) => thread.messages.length > 0)) await turn()
  for (const { thread, control } of workers) {
    expect(thread.messages).toEqual([{ type: 'members', workers: [3, 4] }])
    expect(control.messages).toEqual([])
  }
})

test('MemberNews is in front of what is sent before its turn comes', async () => {
  using relayed = new RelayedWorkers()
  const news = new MemberNews()
  const { thread, threadConnection } = added(news, relayed.add(2))
  news.tell([2])
  threadConnection.mailbox.post({ type: 'ping', n: 1 })

  while (thread.messages.length < 2) await turn()
  expect(thread.messages).toEqual([
    { type: 'members', workers: [2] },
    { type: 'ping', n: 1 },
  ])
})

test('MemberNews tells nothing more to a thread that was removed', async () => {
  using relayed = new RelayedWorkers()
  const news = new MemberNews()
  const [first, second] = [added(news, relayed.add(2)), added(news, relayed.add(3))]
  news.remove(first.threadConnection.mailbox.link)
  news.tell([3])

  while (second.thread.messages.length === 0) await turn()
  expect(first.thread.messages).toEqual([])
})

function added(news: MemberNews, worker: RelayedWorker): RelayedWorker {
  news.add(worker.threadConnection.mailbox.link)
  return worker
}
