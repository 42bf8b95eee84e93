import type { ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import type { V1Pod } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { followLog } from '../src/submit/follow-log.ts'
import { LineWriter } from '../src/submit/line-writer.ts'
import { answerJson, fakeApiServer, refuse } from './api-server.ts'

const state = { running: { running: {} }, ended: { terminated: { exitCode: 0, reason: 'Completed' } } }

function pod(containerState: object): V1Pod {
  const json = {
    metadata: { name: 'census-1', namespace: 'team', uid: 'uid-1' },
    status: { phase: 'Running', containerStatuses: [{ name: 'manager', state: containerState }] },
  }
  // As JSON brings it: its times are texts.
  return json as unknown as V1Pod
}

/** Line `n` as the kubelet gives it: three have the same second, and two the same time. */
function stamped(...numbers: number[]): string {
  const time = (n: number): string =>
    `2026-01-01T00:00:0${Math.floor(n / 3)}.${n % 3 === 2 ? '5' : '1'}00000000Z`
  return numbers.map((n) => `${time(n)} line ${n}\n`).join('')
}

interface Followed {
  readonly lines: string[]
  readonly told: string[]
  /** With which the log was asked for. */
  readonly asked: string[]
  readonly pod: V1Pod
}

/** @param logs what each request for the log is answered with, in turn @param ended how often the pod is found running */
async function follow(logs: ((response: ServerResponse) => void)[], running: number): Promise<Followed> {
  let seen = 0
  let read = 0
  await using server = await fakeApiServer(({ url }, response) => {
    if (url.includes('/log?')) logs[read++]?.(response)
    else answerJson(response, 200, pod(seen++ < running ? state.running : state.ended))
  })
  const output = new PassThrough()
  const told: string[] = []
  const last = await followLog(pod(state.running), {
    api: server.api,
    lines: new LineWriter(output),
    tell: (sentence) => told.push(sentence),
    signal: AbortSignal.timeout(60_000),
  })
  output.end()
  return {
    lines: (await output.setEncoding('utf8').toArray()).join('').split('\n').slice(0, -1),
    told,
    asked: server.asked
      .filter(({ url }) => url.includes('/log?'))
      .map(({ url }) => new URL(url, server.url).search),
    pod: last,
  }
}

const whole = (text: string) => (response: ServerResponse) => void response.end(text)
const cutAfter = (text: string) => (response: ServerResponse) => {
  response.write(text, () => response.destroy())
}

test('followLog() gives each line once, although the connection breaks and lines are given again', async () => {
  const logs = [
    cutAfter(stamped(0, 1)),
    cutAfter(stamped(0, 1, 2, 3)),
    whole(stamped(3, 4, 5)),
    whole(stamped(3, 4, 5, 6)),
  ]

  const { lines, asked } = await follow(logs, 2)

  expect(lines).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => `line ${n}`))
  expect(asked.map((query) => new URLSearchParams(query).get('sinceTime'))).toEqual([
    null,
    '2026-01-01T00:00:00Z',
    '2026-01-01T00:00:01Z',
    '2026-01-01T00:00:01Z',
  ])
})

test('followLog() reads once more what was written until the container ended', async () => {
  const { lines, asked, pod: last } = await follow([whole(stamped(0)), whole(stamped(0, 1, 2))], 0)

  expect(lines).toEqual(['line 0', 'line 1', 'line 2'])
  expect(asked.map((query) => new URLSearchParams(query).get('follow'))).toEqual(['true', 'false'])
  expect(last.status?.containerStatuses?.[0]?.state).toEqual(state.ended)
})

test('followLog() takes what the kubelet says of itself for none of its lines', async () => {
  const own = 'failed to create fsnotify watcher: too many open files'
  const logs = [whole(stamped(0) + own), whole(stamped(0, 1)), whole(stamped(0, 1, 2))]

  const { lines } = await follow(logs, 1)

  expect(lines).toEqual(['line 0', 'line 1', 'line 2'])
})

test('followLog() reads the end again when that breaks off', async () => {
  const { lines } = await follow([whole(stamped(0)), cutAfter(stamped(0, 1)), whole(stamped(0, 1, 2))], 0)

  expect(lines).toEqual(['line 0', 'line 1', 'line 2'])
})

test('followLog() says why it cannot read, and ends when the pod is gone', async () => {
  const logs = [
    (response: ServerResponse) => refuse(response, 400, 'BadRequest', 'container is waiting to start'),
    (response: ServerResponse) => refuse(response, 404, 'NotFound', 'pods "census-1" not found'),
  ]

  const { lines, told } = await follow(logs, 9)

  expect(lines).toEqual([])
  expect(told).toEqual([expect.stringContaining('The log cannot be read at the moment: Cannot get pods/log')])
})

test('followLog() waits for whoever reads its lines more slowly', async () => {
  await using server = await fakeApiServer(({ url }, response) => {
    if (url.includes('/log?')) response.end(stamped(...Array.from({ length: 27 }, (_, n) => n)))
    else answerJson(response, 200, pod(state.ended))
  })
  const output = new PassThrough({ highWaterMark: 1 })
  const following = followLog(pod(state.running), {
    api: server.api,
    lines: new LineWriter(output),
    tell: () => {},
    signal: AbortSignal.timeout(60_000),
  })
  void following.then(() => output.end())

  expect((await output.setEncoding('utf8').toArray()).join('').split('\n')).toHaveLength(28)
})
