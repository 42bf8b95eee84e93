/** Workers of other machines, here processes that get all that a pod gets: the environment, and no pipe from the manager. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { createInterface } from 'node:readline'
import { connect as connectTls } from 'node:tls'
import type { ClusterManager, Door, LaunchContext, LaunchedWorker } from '@dialback/manager'
import { agentEntry } from '@dialback/worker'
import { expect, test } from 'vitest'
import { freePort } from './kubernetes/support/free-port.ts'
import { startCluster } from './test-cluster.ts'

type Environment = Readonly<Record<string, string>>

test('a worker of another machine joins through TLS and is called', async () => {
  await using started = await startCluster()
  const { cluster, env } = started

  const ids = await cluster.addProcs(remote({ env }))
  const big = await cluster.remoteCallFetch((bytes: Uint8Array) => bytes.byteLength, 2, new Uint8Array(9e6))

  expect(ids).toEqual([2])
  expect(big).toBe(9e6)
  expect(await cluster.remoteCallFetch(() => process.env['DIALBACK_TOKEN'], 2)).toBeUndefined()
})

test('the door takes streams that come by another way', async () => {
  await using started = await startCluster()
  const { cluster, env } = started
  const tunnel = createServer({ pauseOnConnect: false })
  tunnel.listen(0, '127.0.0.1')
  await once(tunnel, 'listening')
  const { port } = tunnel.address() as AddressInfo

  const manager = remote({
    env,
    url: (door) => {
      tunnel.on('connection', (socket) => door.accept(socket))
      return `wss://127.0.0.1:${port}`
    },
  })
  const ids = await cluster.addProcs(manager)

  expect(await cluster.remoteCallFetch((n: number) => n + 1, ids[0] ?? 0, 1)).toBe(2)
  tunnel.close()
})

test('a worker does not give its token to a manager with another certificate', async () => {
  await using started = await startCluster()
  await using other = await startCluster()
  let otherDoor: Door | undefined
  const keepDoor = {
    ...remote({ env: {} }),
    launch: async (context: LaunchContext) => {
      otherDoor = await context.openDoor()
      return []
    },
  }
  await other.cluster.addProcs(keepDoor)

  const adding = started.cluster.addProcs(
    remote({
      env: { ...started.env, DIALBACK_PATIENCE_MS: '0' },
      url: () => `wss://127.0.0.1:${otherDoor?.port}`,
    }),
  )

  await expect(adding).rejects.toThrow(/cannot start: .*self-signed certificate/)
  expect(other.log.filter((line) => line.includes('token'))).toEqual([])
  await other.logged('Dropped a connection')
})

test('a worker dials until its manager can be reached', async () => {
  await using started = await startCluster()
  const { cluster, env } = started
  const { late, port } = await closedServer()

  const manager = remote({
    env,
    url: (door) => {
      late.on('connection', (socket) => door.accept(socket))
      return `wss://127.0.0.1:${port}`
    },
    dialled: () => late.listen(port, '127.0.0.1'),
  })
  const ids = await cluster.addProcs(manager)

  expect(ids).toEqual([2])
  late.close()
})

test('a worker that cannot reach its manager says where and why, once, and joins when it can', async () => {
  await using started = await startCluster()
  const { cluster, env } = started
  const { late, port } = await closedServer()
  const url = `wss://127.0.0.1:${port}`
  const complaint = `2: cannot reach the manager at ${url} yet: connect ECONNREFUSED 127.0.0.1:${port}`

  const ids = await cluster.addProcs(
    remote({
      env,
      url: (door) => {
        late.on('connection', (socket) => door.accept(socket))
        return url
      },
      dialled: () => void started.logged(complaint).then(() => late.listen(port, '127.0.0.1')),
    }),
  )

  expect(ids).toEqual([2])
  expect(started.output.filter((line) => line.includes('cannot reach'))).toEqual([complaint])
  late.close()
})

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s lets a worker finish what runs and ends it with code 0',
  async (signal) => {
    await using started = await startCluster()
    const { cluster, env } = started
    await cluster.addProcs(remote({ env }))

    const running = cluster.remoteCallFetch(
      async (name: string) => {
        process.kill(process.pid, name)
        await new Promise((resolve) => setTimeout(resolve, 300))
        return 'finished'
      },
      2,
      signal,
    )

    expect(await running).toBe('finished')
    await started.logged('Worker 2 was terminated due to: Exited (exit code 0)')
  },
)

test('the door drops who does not speak TLS or says no hello, with a log line', async () => {
  await using started = await startCluster()
  const { cluster, env, log } = started
  let port = 0
  await cluster.addProcs(
    remote({
      env,
      url: (door) => {
        port = door.port
        return `wss://127.0.0.1:${port}`
      },
    }),
  )

  const plain = connect(port, '127.0.0.1')
  plain.on('error', () => {})
  plain.write('GET / HTTP/1.1\r\n\r\n')
  await once(plain, 'close')
  await started.logged('Dropped a connection from ::ffff:127.0.0.1')
  const secure = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
  secure.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(secure.resume(), 'close')

  await started.logged('it asked for something else than to join')
  expect(log.filter((line) => line.includes('Dropped a connection'))).toHaveLength(2)
  expect(await cluster.remoteCallFetch(() => 'unharmed', 2)).toBe('unharmed')
})

interface RemoteOptions {
  readonly env: Environment
  /** What the worker is to dial. @default the door */
  readonly url?: (door: Door) => string
  /** Called once the worker has been started. */
  readonly dialled?: () => void
}

/** Starts one worker as a pod is started: all that it knows is in its environment. */
function remote({
  env,
  url = ({ port }) => `wss://127.0.0.1:${port}`,
  dialled,
}: RemoteOptions): ClusterManager {
  return {
    name: 'remote',
    pendingTimeoutMs: 20_000,
    minWorkers: 1,
    launch: async (context) => {
      const door = await context.openDoor()
      const credentials = context.admit(`remote-${context.nextWorkerId}`, url(door))
      const worker = startRemote(await agentEntry(), {
        ...env,
        DIALBACK_URL: credentials.url,
        DIALBACK_NAME: credentials.name,
        DIALBACK_TOKEN: credentials.token,
        DIALBACK_CERTIFICATE: door.certificate,
      })
      dialled?.()
      return [{ ...worker, name: credentials.name }]
    },
  }
}

/** A server that does not listen, and a port that nobody listens on. */
async function closedServer(): Promise<{ readonly late: Server; readonly port: number }> {
  return { late: createServer(), port: await freePort() }
}

function startRemote(entry: string, env: Environment): Omit<LaunchedWorker, 'name'> {
  const child = spawn(process.execPath, [entry], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  child.stderr.setEncoding('utf8').on('data', (more: string) => {
    text += more
  })
  const lines = createInterface(child.stderr)
  const exited = once(child, 'close').then(([code, signal]: unknown[]) => ({
    reason: 'Exited',
    detail: code === 0 ? 'exit code 0' : text.trim(),
    blame: 'unknown' as const,
    ...(typeof signal === 'string' && { signal }),
  }))
  return {
    threads: 1,
    exited,
    onLine: (listener) => void lines.on('line', listener),
    end: (how) => void child.kill(how === 'kill' ? 'SIGKILL' : 'SIGTERM'),
    hold: () => {},
  }
}
