import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { loadKubeApi } from '../src/kubernetes/load-kube-api.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'load-kube-api-'))
  vi.stubEnv('KUBECONFIG', join(directory, 'config'))
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(directory, { recursive: true })
})

const config = (context: object): string =>
  JSON.stringify({
    'current-context': 'one',
    clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1' } }],
    contexts: [{ name: 'one', context: { cluster: 'c', ...context } }],
  })

test("loadKubeApi() uses the context's namespace, another one that is given, and else default", async () => {
  await writeFile(join(directory, 'config'), config({ namespace: 'team' }))
  expect((await loadKubeApi()).namespace).toBe('team')
  expect((await loadKubeApi({ namespace: 'other' })).namespace).toBe('other')
  await writeFile(join(directory, 'config'), config({}))
  expect((await loadKubeApi()).namespace).toBe('default')
})
