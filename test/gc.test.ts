/** `dialback gc` at moments and with refusals that a real API server cannot be had to make. */

import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runScript, type ScriptEnd } from './support/run-script.ts'
import { withTempDir } from './support/temp-dir.ts'

type Answer = (request: string, selector: string) => { readonly status?: number; readonly body: object }

/** Runs it against an API server that answers so. */
async function gc(answer: Answer, ...args: string[]): Promise<ScriptEnd> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    const selector = searchParams.get('labelSelector') ?? ''
    const { status = 200, body } = answer(`${request.method} ${pathname}`, selector)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  await using dir = await withTempDir()
  const config = join(dir.path, 'config')
  const { port } = server.address() as AddressInfo
  const cluster = `{ name: a, cluster: { server: 'http://127.0.0.1:${port}' } }`
  const context = '{ name: a, context: { cluster: a, namespace: team } }'
  await writeFile(config, `current-context: a\ncontexts: [${context}]\nclusters: [${cluster}]\n`)
  try {
    const env = { KUBECONFIG: config }
    return await runScript('packages/manager/src/cli/main.ts', { args: ['gc', ...args], env })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const job = { metadata: { name: 'relay', namespace: 'team', uid: 'u-1' } }
const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name: 'relay', uid: 'u-1' }]

test('dialback gc leaves alone the pods of a manager that starts while it looks', async () => {
  const kinds = ['jobs', 'pods', 'secrets']
  for (const first of kinds) {
    // All of it is there from the moment on at which the first list of one kind has been answered.
    let isThere = false
    const { code, stdout } = await gc((request, selector) => {
      const kind = kinds.find((one) => request.endsWith(`/${one}`))
      const items = {
        jobs: selector.includes('relay') ? [job] : [],
        pods: [{ metadata: { name: 'worker', namespace: 'team', uid: 'u-2', ownerReferences } }],
        secrets: [{ metadata: { name: 'token', namespace: 'team', uid: 'u-3', ownerReferences } }],
      }[kind ?? '']
      const body = { items: isThere ? items : [] }
      isThere ||= kind === first
      return { body }
    }, '--dry-run')

    expect({ code, stdout, first }).toEqual({
      code: 0,
      stdout: 'Nothing is left behind in namespace team.\n',
      first,
    })
  }
})

test('dialback gc removes what it may, and says how much it may not', async () => {
  const removed: string[] = []
  const pod = (name: string) => ({
    metadata: { name, namespace: 'team', uid: name },
    status: { phase: 'Succeeded' },
  })
  const { code, stdout, stderr } = await gc((request) => {
    if (request.startsWith('GET'))
      return { body: { items: request.endsWith('/pods') ? [pod('a'), pod('b'), pod('c')] : [] } }
    if (!request.endsWith('/a')) {
      removed.push(request)
      return { body: {} }
    }
    const message = 'pods "a" is forbidden: User "ann" cannot delete resource "pods" in API group ""'
    return { status: 403, body: { kind: 'Status', reason: 'Forbidden', message } }
  })

  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(removed.toSorted()).toEqual([
    'DELETE /api/v1/namespaces/team/pods/b',
    'DELETE /api/v1/namespaces/team/pods/c',
  ])
  expect(stderr).toContain(
    'error: 1 of 3 objects could not be removed: Cannot delete pods "a" in namespace "team"',
  )
})

test('dialback gc --all-namespaces asks for a ClusterRole when it may not list all', async () => {
  const message = 'secrets is forbidden: User "ann" cannot list resource "secrets" in API group ""'
  const refusal = { status: 403, body: { kind: 'Status', reason: 'Forbidden', message } }
  const { code, stderr } = await gc(() => refusal, '--all-namespaces')

  expect(code).toBe(1)
  expect(stderr).toContain(
    'Cannot list secrets in all namespaces: no permission; a ClusterRole has to allow the verb "list"',
  )
})
