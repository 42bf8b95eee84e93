import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { followSubmission } from '../src/submit/follow-submission.ts'
import { LineWriter } from '../src/submit/line-writer.ts'
import { answerJson, fakeApiServer } from './api-server.ts'

test('followSubmission() tells of a container that the cluster has added, and that outlives the script', async () => {
  const told: string[] = []
  const why = 'It waits: the script has ended, and container "proxy" of its pod has not'
  const pod = {
    metadata: { name: 'census-1', namespace: 'team', uid: 'uid-1' },
    status: {
      phase: 'Running',
      containerStatuses: [
        { name: 'proxy', state: { running: {} } },
        { name: 'manager', state: { terminated: { exitCode: 0, reason: 'Completed' } } },
      ],
    },
  }
  await using server = await fakeApiServer(({ url }, response) => {
    const status = told.includes(why) ? { conditions: [{ type: 'Complete', status: 'True' }] } : {}
    if (url.includes('/log?')) response.end()
    else if (url.includes('/jobs/')) answerJson(response, 200, { metadata: { name: 'census' }, status })
    else if (url.includes('/pods/')) answerJson(response, 200, pod)
    else answerJson(response, 200, { metadata: {}, items: [pod] })
  })
  const end = await followSubmission({
    api: server.api,
    namespace: 'team',
    name: 'census',
    lines: new LineWriter(new PassThrough()),
    tell: (sentence) => told.push(sentence),
    signal: AbortSignal.timeout(25_000),
  })
  expect(end).toEqual({ exitCode: 0 })
  expect(told).toEqual([why])
})
