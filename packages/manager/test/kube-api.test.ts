import { expect, test } from 'vitest'
import { ManualClock } from '../../runtime/test/manual-clock.ts'
import { creationAnnotation } from '../src/kubernetes/kube-create.ts'
import { refusal, unreachable } from '../src/kubernetes/kube-error.ts'
import { retryDelayMs } from '../src/kubernetes/kube-retry.ts'
import { answerJson, fakeApiServer, refuse } from './api-server.ts'

const clockless = { clock: { now: () => 0, after: instantly }, random: () => 0 }

/** Waits for nothing: what is tried again is tried at once. No answer takes too long. */
function instantly(ms: number, callback: () => void): () => void {
  const immediate = ms < 10_000 ? setImmediate(callback) : undefined
  return () => clearImmediate(immediate)
}

test('createPod() sends the pod once and gives what was made of it', async () => {
  await using server = await fakeApiServer(({ body }, response) => answerJson(response, 201, body))
  const made = await server.api.createPod('team', { metadata: { name: 'w-1' }, spec: { containers: [] } })
  expect(made.metadata).toMatchObject({ name: 'w-1', namespace: 'team' })
  expect(server.asked).toMatchObject([{ method: 'POST', url: '/api/v1/namespaces/team/pods' }])
})

test('createPod() makes a name of generateName, and another one when that is taken', async () => {
  await using server = await fakeApiServer(({ index, method, body }, response) => {
    if (method === 'GET') answerJson(response, 200, { metadata: { name: 'other' } })
    else if (index === 0) refuse(response, 409, 'AlreadyExists', 'pods already exists')
    else answerJson(response, 201, body)
  })
  const made = await server.api.createPod('team', { metadata: { generateName: 'w-' } })
  expect(made.metadata?.name).toMatch(/^w-[a-z0-9]{5}$/)
  expect(made.metadata?.generateName).toBeUndefined()
  expect(server.asked[0]?.body).not.toMatchObject({ metadata: { name: made.metadata?.name } })
})

test('createPod() takes the pod for its own when the answer to the first request was lost', async () => {
  let created: unknown
  await using server = await fakeApiServer(({ method, body }, response) => {
    if (method === 'GET') return answerJson(response, 200, created)
    if (created !== undefined) return refuse(response, 409, 'AlreadyExists', 'pods "w-1" already exists')
    created = body
    response.socket?.destroy()
  }, clockless)
  const made = await server.api.createPod('team', { metadata: { name: 'w-1' } })
  expect(made).toEqual(created)
  expect(server.asked.map(({ method }) => method)).toEqual(['POST', 'POST', 'GET'])
})

test("createPod() does not take somebody else's pod for its own", async () => {
  await using server = await fakeApiServer(({ method }, response) => {
    if (method === 'GET')
      answerJson(response, 200, {
        metadata: { name: 'w-1', annotations: { [creationAnnotation]: 'theirs' } },
      })
    else refuse(response, 409, 'AlreadyExists', 'pods "w-1" already exists')
  })
  await expect(server.api.createPod('team', { metadata: { name: 'w-1' } })).rejects.toMatchObject({
    kind: 'conflict',
    message: 'Cannot create pods "w-1" in namespace "team": pods "w-1" already exists',
  })
})

test('createPod() waits as long as a busy API server asks for', async () => {
  const clock = new ManualClock()
  await using server = await fakeApiServer(
    ({ index, body }, response) => {
      if (index > 1) answerJson(response, 201, body)
      else answerJson(response, 429, { message: 'Too many requests' }, { 'retry-after': '2' })
    },
    { clock, random: () => 0 },
  )
  const created = server.api.createPod('team', { metadata: { name: 'w-1' } })
  await until(() => server.asked.length === 1 && clock.pending === 1)
  await clock.advance(1_999)
  expect(server.asked.length).toBe(1)
  await clock.advance(1)
  await until(() => server.asked.length === 2 && clock.pending === 1)
  await clock.advance(2_000)
  expect((await created).metadata?.name).toBe('w-1')
})

test('createPod() tries again when somebody else has written the quota at the same moment', async () => {
  const busy =
    'Operation cannot be fulfilled on resourcequotas "quota": the object has been modified; please apply your changes to the latest version and try again'
  await using server = await fakeApiServer(({ index, body }, response) => {
    if (index === 0) refuse(response, 409, 'Conflict', busy)
    else answerJson(response, 201, body)
  }, clockless)
  expect((await server.api.createPod('team', { metadata: { name: 'w-1' } })).metadata?.name).toBe('w-1')
  expect(server.asked.map(({ method }) => method)).toEqual(['POST', 'POST'])
})

test('createPod() tries an API server again that fails, and not for ever', async () => {
  let nowMs = 0
  const clock = { now: () => (nowMs += 1_000), after: instantly }
  await using server = await fakeApiServer(
    (_, response) => refuse(response, 503, 'ServiceUnavailable', 'shutting down'),
    { clock, random: () => 0 },
  )
  await expect(server.api.createPod('team', { metadata: { name: 'w-1' } })).rejects.toMatchObject({
    kind: 'server',
  })
  expect(server.asked.length).toBeGreaterThan(3)
})

test.each([
  [403, 'forbidden'],
  [422, 'invalid'],
  [404, 'notFound'],
] as const)('createPod() does not try a refusal with %i again', async (status, kind) => {
  await using server = await fakeApiServer((_, response) =>
    refuse(response, status, 'Word', 'User "u" cannot create resource "pods"'),
  )
  await expect(server.api.createPod('team', { metadata: { name: 'w-1' } })).rejects.toMatchObject({ kind })
  expect(server.asked.length).toBe(1)
})

test('createPod() ends its waiting when the signal fires', async () => {
  const clock = new ManualClock()
  await using server = await fakeApiServer((_, response) => refuse(response, 503, 'Word', 'down'), {
    clock,
    random: () => 0,
  })
  const controller = new AbortController()
  const created = server.api.createPod('team', { metadata: { name: 'w-1' } }, { signal: controller.signal })
  await until(() => clock.pending === 1)
  controller.abort(new Error('enough'))
  await expect(created).rejects.toThrow('enough')
  expect(clock.pending).toBe(0)
})

test('getPod() of a server that is not there says so', async () => {
  const server = await fakeApiServer(() => {}, {
    clock: { ...clockless.clock, now: steps(3_000) },
    random: () => 0,
  })
  await server[Symbol.asyncDispose]()
  await expect(server.api.getPod('team', 'w-1')).rejects.toMatchObject({
    kind: 'unreachable',
    status: 0,
    reason: 'ECONNREFUSED',
    message: expect.stringMatching(
      /^Cannot get pods: the API server at http:\/\/127\.0\.0\.1:\d+ does not answer/,
    ),
  })
})

test('getPod() tries again when the answer breaks off in the middle', async () => {
  await using server = await fakeApiServer(({ index }, response) => {
    if (index > 0) return answerJson(response, 200, { metadata: { name: 'w-1' } })
    response.writeHead(200, { 'content-length': 100 })
    response.write('{', () => response.socket?.destroy())
  }, clockless)
  expect((await server.api.getPod('team', 'w-1')).metadata?.name).toBe('w-1')
})

test.each([
  ['getPod()', 200],
  ['getPod() that is refused', 403],
])('%s gives up an answer whose rest never comes', async (_, status) => {
  const clock = new ManualClock()
  await using server = await fakeApiServer(
    (_asked, response) => {
      response.writeHead(status, { 'content-length': 100 })
      response.write('{')
    },
    { clock, random: () => 0 },
  )
  const got = server.api.getPod('team', 'w-1', { isRetried: false })
  const failed = expect(got).rejects.toMatchObject({ kind: 'unreachable', reason: 'ETIMEDOUT' })
  await until(() => clock.pending === 1)
  await clock.advance(30_000)
  await failed
  expect(clock.pending).toBe(0)
})

test('deletePod() is content when the pod is gone already, or has become another one', async () => {
  await using server = await fakeApiServer(({ index }, response) => {
    if (index === 0) refuse(response, 404, 'NotFound', 'pods "w-1" not found')
    else refuse(response, 409, 'Conflict', 'the UID in the precondition does not match')
  })
  await server.api.deletePod('team', 'w-1')
  await server.api.deletePod('team', 'w-1', { uid: 'uid-1', gracePeriodSeconds: 3 })
  expect(server.asked[1]?.body).toMatchObject({ preconditions: { uid: 'uid-1' }, gracePeriodSeconds: 3 })
})

test('reviewAccess() asks for the resource, its subresource and its group', async () => {
  await using server = await fakeApiServer((_, response) =>
    answerJson(response, 201, { status: { allowed: true } }),
  )
  expect(await server.api.reviewAccess({ namespace: 'team', verb: 'get', resource: 'pods/log' })).toEqual({
    isAllowed: true,
    reason: undefined,
  })
  await server.api.reviewAccess({ namespace: 'team', verb: 'list', resource: 'jobs.batch' })
  const attributes = [
    { namespace: 'team', verb: 'get', group: '', resource: 'pods', subresource: 'log' },
    { namespace: 'team', verb: 'list', group: 'batch', resource: 'jobs' },
  ]
  expect(server.asked.map(({ body }) => body)).toMatchObject(
    attributes.map((resourceAttributes) => ({ spec: { resourceAttributes } })),
  )
})

test('retryDelayMs() doubles up to its limit, within half of which it is random', () => {
  const broken = refusal({ verb: 'get', resource: 'pods', namespace: 'a' }, { httpStatus: 500, status: {} })
  expect([1, 2, 3, 10].map((attempt) => retryDelayMs(broken, attempt, 1))).toEqual([100, 200, 400, 5_000])
  expect([1, 2, 3, 10].map((attempt) => retryDelayMs(broken, attempt, 0))).toEqual([50, 100, 200, 2_500])
})

test('retryDelayMs() is at least what the API server asks for, of which 0 is no time', () => {
  const asking = (retryAfterMs: number) =>
    refusal({ verb: 'get', resource: 'pods', namespace: 'a' }, { httpStatus: 429, status: {}, retryAfterMs })
  expect(retryDelayMs(asking(10_000), 1, 0)).toBe(10_000)
  expect(retryDelayMs(asking(10_000), 1, 1)).toBe(12_500)
  expect([1, 2, 3].map((attempt) => retryDelayMs(asking(0), attempt, 1))).toEqual([100, 200, 400])
})

test('retryDelayMs() gives up on what stays as it is', () => {
  const request = { verb: 'get', resource: 'pods', namespace: 'a' }
  expect(retryDelayMs(refusal(request, { httpStatus: 403, status: {} }), 1, 0)).toBeUndefined()
  expect(retryDelayMs(unreachable(request, 'https://a', new Error('reset')), 1, 0)).toBe(50)
})

function steps(ms: number): () => number {
  let now = 0
  return () => (now += ms)
}

/** Turns of the event loop until it holds: what it waits for happens on a socket of this process. */
async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise((resolve) => setImmediate(resolve))
}
