import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { KubeClient } from '../src/kubernetes/kube-client.ts'
import { KubeCredentials } from '../src/kubernetes/kube-credentials.ts'
import { currentContext } from '../src/kubernetes/kubeconfig.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true })
})

const config = `
apiVersion: v1
kind: Config
current-context: one
clusters:
- name: c
  cluster: { server: 'https://10.0.0.1:6443', certificate-authority: pki/ca.crt, tls-server-name: kubernetes }
contexts:
- name: one
  context: { cluster: c, user: u, namespace: team }
- name: two
  context: { cluster: c, user: v }
users:
- name: u
  user: { token: secret, as: somebody, as-groups: [a, b] }
`

async function write(name: string, text: string): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, text)
  return path
}

test('currentContext() reads the server, the namespace and the user of the current context', async () => {
  const path = await write('config', config)
  expect(await currentContext({ KUBECONFIG: path })).toEqual({
    server: 'https://10.0.0.1:6443',
    namespace: 'team',
    caCertificate: { file: join(directory, 'pki/ca.crt') },
    isInsecure: false,
    serverName: 'kubernetes',
    proxyUrl: undefined,
    user: {
      token: { data: Buffer.from('secret') },
      impersonate: { user: 'somebody', groups: ['a', 'b'] },
    },
  })
})

test('currentContext() takes of several files the first that names a thing', async () => {
  const first = await write('first', 'current-context: two\nusers:\n- name: v\n  user: { tokenFile: t }\n')
  const second = await write('second', config)
  const context = await currentContext({
    KUBECONFIG: [first, join(directory, 'absent'), second].join(delimiter),
  })
  expect(context).toMatchObject({
    server: 'https://10.0.0.1:6443',
    namespace: undefined,
    user: { token: { file: join(directory, 't') } },
  })
})

test('currentContext() in a pod uses the service account when there is no kubeconfig', async () => {
  const env = {
    KUBECONFIG: join(directory, 'absent'),
    KUBERNETES_SERVICE_HOST: 'fd00::1',
    KUBERNETES_SERVICE_PORT: '443',
  }
  expect(await currentContext(env)).toMatchObject({
    server: 'https://[fd00::1]:443',
    namespace: undefined,
    user: { token: { file: '/var/run/secrets/kubernetes.io/serviceaccount/token' } },
  })
})

test('currentContext() without any cluster says how to name one', async () => {
  const path = join(directory, 'absent')
  await expect(currentContext({ KUBECONFIG: path })).rejects.toThrow(
    `Cannot find a Kubernetes cluster: there is no file ${path}, and this process does not run in a pod; set KUBECONFIG to a kubeconfig file`,
  )
})

test('currentContext() repeats nothing of a kubeconfig that it cannot read', async () => {
  const path = await write('config', 'users: [{ user: { token: t0p-secret } }\n')
  const error: unknown = await currentContext({ KUBECONFIG: path }).catch((reason: unknown) => reason)
  expect(inspect(error)).toMatch(/^Error: Cannot read the kubeconfig \S+: .+\n {4}at /)
  expect(inspect(error)).not.toContain('t0p-secret')
})

test.each([
  ['clusters: []', /no current-context/],
  ['current-context: x', /has no context "x"/],
  [
    'current-context: one\ncontexts: [{ name: one, context: { cluster: c } }]',
    /has no server for the cluster "c"/,
  ],
  [`${config.replace('token: secret', 'auth-provider: { name: oidc }')}`, /auth-provider is not supported/],
  ['a: [', /^Cannot read the kubeconfig/],
])('currentContext() refuses a kubeconfig that is not whole: %s', async (text, message) => {
  const path = await write('config', text)
  await expect(currentContext({ KUBECONFIG: path })).rejects.toThrow(message)
})

const context = {
  server: 'https://a',
  namespace: undefined,
  caCertificate: undefined,
  isInsecure: false,
  serverName: undefined,
  proxyUrl: undefined,
}

test('KubeCredentials gives tokens, basic logins and impersonation as headers', async () => {
  const headers = async (user: object): Promise<object> =>
    (await new KubeCredentials({ ...context, user }).get()).headers
  expect(await headers({ token: { file: await write('token', 'from-file\n') } })).toEqual({
    authorization: 'Bearer from-file',
  })
  expect(await headers({ basic: { username: 'a', password: 'b' } })).toEqual({ authorization: 'Basic YTpi' })
  expect(await headers({ impersonate: { user: 'x', groups: ['g', 'h'] } })).toEqual({
    'impersonate-user': 'x',
    'impersonate-group': ['g', 'h'],
  })
})

test.each([
  ['token', (file: string) => ({ user: { token: { file } } })],
  ['certificate', (file: string) => ({ user: { certificate: { file } } })],
  ['certificate of the API server', (file: string) => ({ caCertificate: { file }, user: {} })],
])('KubeCredentials reads the file of a %s again, which others keep fresh', async (_, withFile) => {
  using _clock = frozenDate('2026-01-01T00:00:00Z')
  const path = await write('material', 'old')
  const credentials = new KubeCredentials({ ...context, ...withFile(path) })
  const first = await credentials.get()
  await write('material', 'new')
  expect(await credentials.get()).toBe(first)
  vi.setSystemTime('2026-01-01T00:01:01Z')
  const second = await credentials.get()
  expect(second).not.toEqual(first)
  vi.setSystemTime('2026-01-01T00:02:03Z')
  expect(await credentials.get()).toBe(second)
})

function frozenDate(at: string): Disposable {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(at) })
  return { [Symbol.dispose]: () => vi.useRealTimers() }
}

test('KubeCredentials runs an exec plugin once until what it gave expires, or was not accepted', async () => {
  const credential = {
    kind: 'ExecCredential',
    status: { token: 'from-plugin', expirationTimestamp: '2099-01-01T00:00:00Z' },
  }
  await mkdir(join(directory, 'runs'))
  const program = `
    require('fs').writeFileSync(process.env.RUNS + '/' + process.pid, '')
    if (JSON.parse(process.env.KUBERNETES_EXEC_INFO).spec.interactive) process.exit(1)
    console.log(${JSON.stringify(JSON.stringify(credential))})`
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: process.execPath,
    args: ['-e', program],
    env: { RUNS: join(directory, 'runs') },
  }
  const credentials = new KubeCredentials({ ...context, user: { exec } })
  const first = await credentials.get()
  expect(first.headers).toEqual({ authorization: 'Bearer from-plugin' })
  expect(await credentials.get()).toBe(first)
  expect(await readdir(join(directory, 'runs'))).toHaveLength(1)
  credentials.invalidate(first)
  expect(await credentials.get()).toBe(first)
  expect(await readdir(join(directory, 'runs'))).toHaveLength(2)
})

test('KubeCredentials shows what an exec plugin says while it waits', async () => {
  const entered = join(directory, 'entered')
  const program = `
    console.error('enter the code 1234')
    const { existsSync } = require('fs')
    setInterval(() => {
      if (!existsSync(${JSON.stringify(entered)})) return
      console.log(JSON.stringify({ kind: 'ExecCredential', status: { token: 'a' } }))
      process.exit()
    }, 10)`
  const exec = { apiVersion: 'v1', command: process.execPath, args: ['-e', program], env: {} }
  const shown = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const credentials = new KubeCredentials({ ...context, user: { exec } }).get()
  await vi.waitFor(() => expect(String(shown.mock.calls)).toContain('enter the code 1234'), 10_000)
  shown.mockRestore()
  await write('entered', '')
  expect((await credentials).headers).toEqual({ authorization: 'Bearer a' })
})

test('KubeCredentials runs an exec plugin once for all who ask when what it gave has expired', async () => {
  using _clock = frozenDate('2026-01-01T00:00:00Z')
  const path = await write('runs', '')
  const status = { token: 'from-plugin', expirationTimestamp: '2026-01-01T00:15:00Z' }
  const program = `
    require('fs').appendFileSync(${JSON.stringify(path)}, 'x')
    console.log(${JSON.stringify(JSON.stringify({ kind: 'ExecCredential', status }))})`
  const exec = { apiVersion: 'v1', command: process.execPath, args: ['-e', program], env: {} }
  const credentials = new KubeCredentials({ ...context, user: { exec } })
  await credentials.get()
  vi.setSystemTime('2026-01-01T00:15:01Z')
  await Promise.all([credentials.get(), credentials.get(), credentials.get()])
  expect(await readFile(path, 'utf8')).toBe('xx')
})

test('KubeClient.json() runs an exec plugin once for all requests whose login is not accepted any more', async () => {
  const expired = 'Bearer 1'
  const server = createServer(({ headers }, response) => {
    response.writeHead(headers.authorization === expired ? 401 : 200)
    // Some are refused when the others have a new login already.
    setTimeout(() => response.end('{}'), (delayMs += 10))
  })
  let delayMs = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const path = await write('runs', '')
  const program = `
    const { appendFileSync, readFileSync } = require('fs')
    appendFileSync(${JSON.stringify(path)}, 'x')
    const token = String(readFileSync(${JSON.stringify(path)}).length)
    console.log(JSON.stringify({ kind: 'ExecCredential', status: { token } }))`
  const exec = { apiVersion: 'v1', command: process.execPath, args: ['-e', program], env: {} }
  const { port } = server.address() as AddressInfo
  const client = new KubeClient({ ...context, server: `http://127.0.0.1:${port}`, user: { exec } })
  const request = { verb: 'get', resource: 'pods', namespace: 'team' }
  const get = async (): Promise<unknown> => await client.json({ request, method: 'GET', path: '/' })
  await Promise.all(Array.from({ length: 30 }, get))
  client.close()
  server.close()
  expect(await readFile(path, 'utf8')).toBe('xx')
})

test('KubeClient.json() says why nobody could log in, and does not blame the API server', async () => {
  const request = { verb: 'list', resource: 'pods', namespace: 'team' }
  const server = 'https://127.0.0.1:1'
  const told = async (user: object): Promise<unknown> =>
    await new KubeClient({ ...context, server, user })
      .json({ request, method: 'GET', path: '/', isRetried: false })
      .catch((error: unknown) => error)
  const exec = { apiVersion: 'v1', command: join(directory, 'absent'), args: [], env: {} }
  expect(String(await told({ exec }))).toMatch(
    /^KubeError: Cannot list pods: Cannot log in to the cluster with .*absent: spawn .* ENOENT$/,
  )
  expect(String(await told({ token: { file: join(directory, 'nothing') } }))).toMatch(
    /^KubeError: Cannot list pods: Cannot log in to the cluster: ENOENT: no such file or directory, open '.*nothing'$/,
  )
})

test('KubeCredentials says which program failed to log in, and where to get it', async () => {
  const exec = {
    apiVersion: 'v1',
    command: join(directory, 'absent'),
    args: [],
    env: {},
    installHint: 'install it from example.com',
  }
  await expect(new KubeCredentials({ ...context, user: { exec } }).get()).rejects.toThrow(
    /^Cannot log in to the cluster with .*absent: .*ENOENT.*; install it from example\.com$/,
  )
})
