import type { ServerResponse } from 'node:http'
import type { Clock } from '@dialback/runtime'
import { expect, test } from 'vitest'
import { PodLogs } from '../src/kubernetes/pod-logs.ts'
import { type FakeApiServer, fakeApiServer, refuse } from './api-server.ts'
import { pod, terminated } from './pods.ts'

const hasty = {
  now: () => 0,
  after(_ms: number, callback: () => void) {
    const immediate = setImmediate(callback)
    return () => clearImmediate(immediate)
  },
}

const running = pod({ state: { running: {} } })
const ended = pod({ state: terminated('Completed', 0) })

function logsOf({ api }: FakeApiServer, clock: Clock = hasty): { logs: PodLogs; warnings: string[] } {
  const warnings: string[] = []
  const warn = (message: string): void => void warnings.push(message)
  return { logs: new PodLogs({ api, namespace: 'team', container: 'worker', warn, clock }), warnings }
}

function write(response: ServerResponse, ...lines: [number, string][]): void {
  for (const [ns, line] of lines)
    response.write(`2026-11-25T22:42:13.${String(ns).padStart(9, '0')}Z ${line}\n`)
}

test('PodLogs begins when the container has started, and ends when it has', async () => {
  await using server = await fakeApiServer((_, response) => {
    write(response, [1, 'one'], [2, 'two'])
    response.end()
  })
  const lines: string[] = []
  const log = logsOf(server).logs.follow(pod({ phase: 'Pending' }), (line) => lines.push(line))
  expect(server.asked).toEqual([])
  log.sighted(ended)
  await log.ended
  expect(lines).toEqual(['one', 'two'])
  expect(log.lastLines).toEqual(['one', 'two'])
  expect(server.asked.map(({ url }) => url)).toEqual([
    '/api/v1/namespaces/team/pods/w-1/log?container=worker&follow=true&timestamps=true',
  ])
})

test('PodLogs gives each line once when the connection breaks', async () => {
  await using server = await fakeApiServer(({ index }, response) => {
    if (index === 0) {
      write(response, [1, 'one'], [2, 'two'])
      response.write('2026-', () => response.socket?.destroy())
    } else {
      write(response, [1, 'one'], [2, 'two'], [2, 'two'], [3, 'three'])
      response.end()
      if (index === 1) log.sighted(ended)
    }
  })
  const lines: string[] = []
  const log = logsOf(server).logs.follow(running, (line) => lines.push(line))
  await log.ended
  expect(lines.filter((line) => line !== '2026-')).toEqual(['one', 'two', 'two', 'three'])
  expect(server.asked[1]?.url).toContain('sinceTime=2026-11-25T22%3A42%3A13Z')
})

test('PodLogs takes what the kubelet says of itself for no line, and reads on, also at the end', async () => {
  await using server = await fakeApiServer(({ index }, response) => {
    write(response, [1, 'one'], ...(index === 0 ? [] : [[2, 'two'] satisfies [number, string]]))
    response.end(index === 0 ? 'failed to create fsnotify watcher: too many open files' : '')
  })
  const lines: string[] = []

  const log = logsOf(server).logs.follow(ended, (line) => lines.push(line))
  await log.ended

  expect(lines).toEqual(['one', 'two'])
})

test('PodLogs reads the rest as soon as the container has ended, however long it would have paused', async () => {
  const { promise: isAsked, resolve: asked } = Promise.withResolvers<void>()
  await using server = await fakeApiServer(({ index }, response) => {
    write(response, [1, 'one'], ...(index === 0 ? [] : [[2, 'two'] satisfies [number, string]]))
    response.end(index === 0 ? 'failed to create fsnotify watcher: too many open files' : '')
    asked()
  })
  const lines: string[] = []
  const stopped: Clock = { now: () => 0, after: () => () => {} }

  const log = logsOf(server, stopped).logs.follow(running, (line) => lines.push(line))
  await isAsked
  log.sighted(ended)
  await log.ended

  expect(lines).toEqual(['one', 'two'])
})

test('PodLogs bounds what a worker floods, and keeps its last lines', async () => {
  await using server = await fakeApiServer((_, response) => {
    for (let index = 0; index < 5_000; index++) write(response, [index, `line ${index}`])
    response.end()
  })
  const lines: string[] = []
  const log = logsOf(server).logs.follow(ended, (line) => lines.push(line))
  await log.ended
  expect(lines).toHaveLength(3_001)
  expect(lines.at(-1)).toBe('[2000 lines were left out: they came too fast]')
  expect(log.lastLines.at(-1)).toBe('line 4999')
})

test('PodLogs leaves lines out that nobody takes', async () => {
  await using server = await fakeApiServer((_, response) => {
    for (let index = 0; index < 1_500; index++) write(response, [index, `line ${index}`])
    response.end()
  })
  const lines: string[] = []
  const take = (line: string): Promise<void> => {
    lines.push(line)
    return new Promise(() => {})
  }
  await logsOf(server).logs.follow(ended, take).ended
  expect(lines).toHaveLength(1_001)
  expect(lines.at(-1)).toBe('[500 lines were left out: they came too fast]')
})

test('PodLogs says once that it may not read, and leaves it at that', async () => {
  await using server = await fakeApiServer((_, response) =>
    refuse(response, 403, 'Forbidden', 'User "u" cannot get resource "pods/log" in API group ""'),
  )
  const { logs, warnings } = logsOf(server)
  await logs.follow(running, () => {}).ended
  await logs.follow(running, () => {}).ended
  expect(server.asked).toHaveLength(1)
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toMatch(/^What workers write is not shown: .*the verb "get" on "pods\/log"/)
})

test('PodLogs ends when the pod is gone, and when it is not wanted any more', async () => {
  const { promise: isOpen, resolve: opened } = Promise.withResolvers<void>()
  await using server = await fakeApiServer(({ index }, response) => {
    if (index === 0) return refuse(response, 404, 'NotFound', 'pods "w-1" not found')
    response.flushHeaders()
    opened()
  })
  const { logs } = logsOf(server)
  await logs.follow(running, () => {}).ended
  const log = logs.follow(running, () => {})
  await isOpen
  await log[Symbol.asyncDispose]()
  await logs.follow(pod({}), () => {})[Symbol.asyncDispose]()
  expect(server.asked).toHaveLength(2)
})
