import type { ServerResponse } from 'node:http'
import type { V1Pod } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { ManualClock } from '../../runtime/test/manual-clock.ts'
import type { PodSighting } from '../src/kubernetes/pod-sightings.ts'
import { PodWatch, type PodWatchOptions } from '../src/kubernetes/pod-watch.ts'
import { type Answer, answerJson, type FakeApiServer, fakeApiServer, refuse } from './api-server.ts'

/** Waits for nothing: pauses are over at once; a watch never falls silent. */
const hasty = {
  now: () => 0,
  after(ms: number, callback: () => void) {
    const immediate = ms < 10_000 ? setImmediate(callback) : undefined
    return () => clearImmediate(immediate)
  },
}

interface Watched {
  readonly watch: PodWatch
  readonly warnings: string[]
  readonly seen: string[]
  /** Resolves when this was seen. */
  until(what: string): Promise<void>
}

/** Watches pods `a` and `b`, and notes what is seen of them as `a 2` and `a gone`. */
function watched(server: FakeApiServer, options: Partial<PodWatchOptions> = {}): Watched {
  const warnings: string[] = []
  const seen: string[] = []
  const waiting = new Map<string, () => void>()
  const warn = (message: string): void => void warnings.push(message)
  const { api } = server
  const watch = new PodWatch({
    api,
    namespace: 'team',
    labelSelector: 'a=b',
    warn,
    clock: hasty,
    random: () => 0,
    ...options,
  })
  const listener = ({ pod, isGone }: PodSighting): void => {
    const what = `${pod.metadata?.name} ${isGone ? 'gone' : pod.metadata?.resourceVersion}`
    seen.push(what)
    waiting.get(what)?.()
  }
  for (const name of ['a', 'b']) watch.onPod(podAt(name, 1), listener)
  return {
    watch,
    warnings,
    seen,
    async until(what) {
      if (seen.includes(what)) return
      await new Promise<void>((resolve) => waiting.set(what, resolve))
    },
  }
}

function podAt(name: string, resourceVersion: number): V1Pod {
  return { metadata: { name, uid: `uid-${name}`, resourceVersion: String(resourceVersion) } }
}

function list(response: ServerResponse, ...items: V1Pod[]): void {
  answerJson(response, 200, { metadata: { resourceVersion: '10' }, items })
}

function event(response: ServerResponse, type: string, object: object): void {
  response.write(`${JSON.stringify({ type, object })}\n`)
}

/** Answers lists and watches apart, each with how many came before. */
function lists(onList: (index: number, response: ServerResponse) => void, onWatch: typeof onList): Answer {
  let [listCount, watchCount] = [0, 0]
  return ({ url }, response) => {
    if (url.includes('watch=true')) onWatch(watchCount++, response)
    else onList(listCount++, response)
  }
}

test('PodWatch tells what is known of a pod, and each change after that', async () => {
  await using server = await fakeApiServer(
    lists(
      (_, response) => list(response, podAt('a', 2), podAt('b', 1), podAt('other', 3)),
      (_, response) => {
        event(response, 'MODIFIED', podAt('a', 11))
        event(response, 'BOOKMARK', podAt('', 12))
        event(response, 'DELETED', podAt('a', 13))
        event(response, 'MODIFIED', podAt('b', 14))
      },
    ),
  )
  const { watch, seen, until, warnings } = watched(server)
  await until('b 14')
  expect(seen).toEqual(['a 1', 'b 1', 'a 2', 'a 11', 'a gone', 'b 14'])
  expect(server.asked.map(({ url }) => url)).toEqual([
    '/api/v1/namespaces/team/pods?labelSelector=a%3Db&limit=100',
    '/api/v1/namespaces/team/pods?labelSelector=a%3Db&resourceVersion=10&timeoutSeconds=270&watch=true&allowWatchBookmarks=true',
  ])
  expect(warnings).toEqual([])
  await watch[Symbol.asyncDispose]()
})

test('PodWatch lists many pods page by page, and watches from there', async () => {
  await using server = await fakeApiServer(({ url }, response) => {
    if (url.includes('watch=true')) event(response, 'MODIFIED', podAt('b', 14))
    else if (url.includes('continue=rest%2F1')) list(response, podAt('b', 3))
    else
      answerJson(response, 200, {
        metadata: { resourceVersion: '10', continue: 'rest/1' },
        items: [podAt('a', 2)],
      })
  })
  const { watch, seen, until } = watched(server)
  await until('b 14')
  expect(seen).toEqual(['a 1', 'b 1', 'a 2', 'b 3', 'b 14'])
  expect(server.asked.map(({ url }) => url)).toEqual([
    '/api/v1/namespaces/team/pods?labelSelector=a%3Db&limit=100',
    '/api/v1/namespaces/team/pods?labelSelector=a%3Db&limit=100&continue=rest%2F1',
    expect.stringContaining('&resourceVersion=10&'),
  ])
  await watch[Symbol.asyncDispose]()
})

test('PodWatch lists again when the watch is too old, and tells of pods that went meanwhile', async () => {
  await using server = await fakeApiServer(
    lists(
      (index, response) =>
        index === 0 ? list(response, podAt('a', 1), podAt('b', 1)) : list(response, podAt('b', 20)),
      (index, response) => {
        if (index > 0) return void response.write('\n')
        event(response, 'ERROR', {
          kind: 'Status',
          code: 410,
          reason: 'Expired',
          message: 'too old resource version',
        })
      },
    ),
  )
  const { watch, seen, until } = watched(server)
  await until('b 20')
  expect(seen).toEqual(['a 1', 'b 1', 'a gone', 'b 20'])
  await watch[Symbol.asyncDispose]()
})

test.each<[string, (response: ServerResponse) => void]>([
  ['ends', (response) => response.end()],
  ['breaks off', (response) => response.write('{"type":', () => response.socket?.destroy())],
  ['is refused', (response) => refuse(response, 500, 'InternalError', 'etcd has no leader')],
  [
    'fails',
    (response) => event(response, 'ERROR', { kind: 'Status', code: 500, message: 'etcd has no leader' }),
  ],
  ['is no JSON', (response) => response.write('<html>\n')],
])('PodWatch goes on when the watch %s', async (_, fail) => {
  await using server = await fakeApiServer(
    lists(
      (index, response) => list(response, podAt('a', index + 2), podAt('b', 1)),
      (index, response) => (index < 3 ? fail(response) : event(response, 'MODIFIED', podAt('a', 30))),
    ),
  )
  const { watch, seen, until } = watched(server)
  await until('a 30')
  expect(seen).toEqual(['a 1', 'b 1', 'a 2', 'a 3', 'a 4', 'a 5', 'a 30'])
  await watch[Symbol.asyncDispose]()
})

test('PodWatch gives up a watch that has fallen silent', async () => {
  const clock = new ManualClock()
  await using server = await fakeApiServer(
    lists(
      (index, response) => list(response, podAt('a', index + 2), podAt('b', 1)),
      (index, response) => event(response, 'MODIFIED', podAt('a', index * 10 + 11)),
    ),
  )
  const { watch, until } = watched(server, { clock })
  await until('a 11')
  await clock.advance(89_999)
  expect(server.asked).toHaveLength(2)
  const again = until('a 21')
  await clock.advance(1)
  // The failure is known when the stream has closed; then a pause follows.
  while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve))
  await clock.advance(100)
  await again
  await watch[Symbol.asyncDispose]()
  expect(clock.pending).toBe(0)
})

test('PodWatch waits longer after each failure, and says once that it sees nothing', async () => {
  const clock = new ManualClock()
  await using server = await fakeApiServer((_, response) =>
    refuse(response, 503, 'ServiceUnavailable', 'starting'),
  )
  const { watch, warnings } = watched(server, { clock })
  for (const [index, ms] of [50, 100, 200, 400, 800, 1_500, 1_500].entries()) {
    while (server.asked.length < index + 1 || clock.pending === 0)
      await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(ms - 1)
    expect(server.asked).toHaveLength(index + 1)
    await clock.advance(1)
  }
  expect(warnings).toEqual([
    `Cannot see the workers' pods at the moment: Cannot list pods in namespace "team": the API server failed: starting`,
  ])
  await watch[Symbol.asyncDispose]()
})

test('PodWatch waits for as long as a busy API server asks for', async () => {
  const clock = new ManualClock()
  await using server = await fakeApiServer((_, response) =>
    answerJson(response, 429, { message: 'Too many requests' }, { 'retry-after': '10' }),
  )
  const { watch } = watched(server, { clock })
  for (const asked of [1, 2]) {
    while (server.asked.length < asked || clock.pending === 0)
      await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(9_999)
    expect(server.asked).toHaveLength(asked)
    await clock.advance(1)
  }
  await watch[Symbol.asyncDispose]()
})

test('PodWatch asks for pods one by one where it may not list or watch them', async () => {
  const versions = { a: 1, b: 1 }
  await using server = await fakeApiServer(({ url }, response) => {
    const name = /\/pods\/([ab])$/.exec(url)?.[1]
    if (name === undefined)
      return refuse(response, 403, 'Forbidden', 'User "u" cannot list resource "pods" in API group ""')
    const version = (versions[name as 'a' | 'b'] += 1)
    if (name === 'b' && version > 3) refuse(response, 404, 'NotFound', 'pods "b" not found')
    else answerJson(response, 200, podAt(name, version))
  })
  const { watch, seen, until, warnings } = watched(server)
  await until('a 5')
  expect(seen.slice(0, 8)).toEqual(['a 1', 'b 1', 'a 2', 'b 2', 'a 3', 'b 3', 'a 4', 'b gone'])
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toMatch(/^Pods are asked for one by one, which is slower: .*the verb "list" on "pods"/)
  await watch[Symbol.asyncDispose]()
})

test('PodWatch that asks one by one tells of a pod whose name another one has by now', async () => {
  await using server = await fakeApiServer(({ url }, response) => {
    if (url.endsWith('/pods/a')) answerJson(response, 200, { metadata: { name: 'a', uid: 'other' } })
    else if (url.endsWith('/pods/b')) answerJson(response, 200, podAt('b', 2))
    else refuse(response, 403, 'Forbidden', 'User "u" cannot list resource "pods" in API group ""')
  })
  const { watch, seen, until } = watched(server)
  await until('b 2')
  expect(seen).toEqual(['a 1', 'b 1', 'a gone', 'b 2'])
  await watch[Symbol.asyncDispose]()
})

test('onPod() tells of a pod that went before anybody asked', async () => {
  await using server = await fakeApiServer(
    lists(
      (_, response) => list(response, podAt('a', 1), podAt('b', 1), podAt('c', 1)),
      (_, response) => {
        event(response, 'DELETED', podAt('c', 12))
        event(response, 'MODIFIED', podAt('b', 13))
      },
    ),
  )
  const { watch, until } = watched(server)
  await until('b 13')
  const sightings: PodSighting[] = []
  watch.onPod(podAt('c', 1), (sighting) => sightings.push(sighting))
  expect(sightings).toEqual([{ pod: podAt('c', 12), isGone: true }])
  await watch[Symbol.asyncDispose]()
})
