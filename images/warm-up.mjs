/**
 * Runs the worker and the relay of an image once as pods would, while the image is built: what V8 compiled of them until a
 * call was answered stays in the image, and each pod begins with that.
 */

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Cluster } from '@dialback/manager'

const agent = '/opt/dialback/agent'

const relay = start('relay', {
  DIALBACK_RELAY_TOKEN: randomUUID(),
  DIALBACK_RELAY_PORT: '2002',
  DIALBACK_RELAY_CONTROL_PORT: '2003',
  DIALBACK_RELAY_ORPHAN_LIMIT_MS: '60000',
})
await once(relay.stdout, 'data')
relay.kill()

await using cluster = new Cluster()
const [id] = await cluster.addProcs({
  name: 'warm-up',
  pendingTimeoutMs: 60_000,
  minWorkers: 1,
  async launch(context) {
    const door = await context.openDoor()
    const { url, name, token } = context.admit('warm-up', `wss://127.0.0.1:${door.port}`)
    const child = start('main', {
      DIALBACK_URL: url,
      DIALBACK_NAME: name,
      DIALBACK_TOKEN: token,
      DIALBACK_CERTIFICATE: door.certificate,
    })
    const exited = once(child, 'exit').then(([code]) => ({
      reason: 'Exited',
      detail: `exit code ${code}`,
      blame: 'unknown',
    }))
    const end = (how) => void child.kill(how === 'kill' ? 'SIGKILL' : 'SIGTERM')
    return [{ name, threads: 1, exited, onLine() {}, end, hold() {} }]
  },
})
await cluster.remoteCallFetch(() => process.pid, id)

function start(entry, env) {
  const stdio = ['ignore', 'pipe', 'inherit']
  // For this process it may be off, so that nothing of the manager stays in the image of a worker.
  const inherited = { ...process.env, NODE_DISABLE_COMPILE_CACHE: undefined }
  return spawn(process.execPath, [`${agent}/${entry}.js`], { stdio, env: { ...inherited, ...env } })
}
