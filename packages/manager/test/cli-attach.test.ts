/** `dialback attach` against what plays the API server's part, which a real one refuses less often. */

import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { answerJson, fakeApiServer, refuse } from './api-server.ts'

const labels = {
  'app.kubernetes.io/name': 'dialback-submission',
  'app.kubernetes.io/component': 'manager',
  'app.kubernetes.io/part-of': 'dialback',
  'app.kubernetes.io/managed-by': 'dialback',
}

/** The command, and its Job: without a pod, each time for another reason, until it is told to be complete. Nobody may stop it. */
async function attached() {
  const asked = new EventEmitter<{ why: [] }>()
  let reasons = 0
  let isComplete = false
  const server = await fakeApiServer(({ method, url }, response) => {
    const status = isComplete ? { conditions: [{ type: 'Complete', status: 'True' }] } : {}
    if (method === 'PATCH') refuse(response, 403, 'Forbidden', 'jobs is forbidden')
    else if (url.includes('/jobs/'))
      answerJson(response, 200, { metadata: { name: 'job', namespace: 'team', uid: 'u', labels }, status })
    else if (url.includes('/events')) {
      const message = `reason ${++reasons}`
      const event = { reason: 'FailedCreate', involvedObject: { uid: 'u' }, message }
      answerJson(response, 200, { metadata: {}, items: [event] })
      asked.emit('why')
    } else answerJson(response, 200, { metadata: {}, items: [] })
  })
  const directory = await mkdtemp(join(tmpdir(), 'dialback-test-'))
  const child = await attach(server.url, directory)
  const exited = once(child, 'exit')
  let written = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    written += text
  })
  return {
    child,
    exited,
    wrote: async (text: string, times = 1) => {
      while (written.split(text).length <= times)
        await Promise.race([once(child.stderr ?? child, 'data'), ended(exited)])
    },
    askedWhy: async () => await Promise.race([once(asked, 'why'), exited]),
    complete: () => {
      isComplete = true
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await server[Symbol.asyncDispose]()
      await rm(directory, { recursive: true })
    },
  }
}

async function attach(server: string, directory: string): Promise<ChildProcess> {
  const kubeconfig = join(directory, 'config')
  const config = {
    'current-context': 'one',
    contexts: [{ name: 'one', context: { cluster: 'one', user: 'one', namespace: 'team' } }],
    clusters: [{ name: 'one', cluster: { server } }],
    users: [{ name: 'one', user: {} }],
  }
  await writeFile(kubeconfig, JSON.stringify(config))
  const main = join(import.meta.dirname, '../src/cli/main.ts')
  return spawn(process.execPath, [main, 'attach', 'job'], {
    env: { ...process.env, KUBECONFIG: kubeconfig },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
}

async function ended(exited: Promise<unknown[]>): Promise<never> {
  throw new Error(`It has ended: ${String(await exited)}`)
}

test('dialback attach goes on when nobody reads what it has to say beside the log', async () => {
  await using job = await attached()
  await job.wrote('It waits: reason')
  job.child.stderr?.destroy()

  // It says so each time.
  for (let i = 0; i < 3; i++) await job.askedWhy()
  job.complete()

  expect(await job.exited).toEqual([0, null])
})

test('dialback attach that may not stop a Job ends as the Job does, and may be asked again', async () => {
  await using job = await attached()
  await job.wrote('It waits: reason')
  job.child.kill('SIGINT')
  await job.wrote('Cannot stop it: ')
  job.child.kill('SIGINT')
  await job.wrote('Stopping Job job in 2 s', 2)
  job.complete()

  expect(await job.exited).toEqual([0, null])
})
