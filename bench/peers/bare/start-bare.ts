/** The limit: processes that dial back over `ws` and answer calls, with none of what makes a product. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { programPath } from '../../program-path.ts'
import { type AnswerMessage, type CallMessage, PendingCalls } from '../calls.ts'
import { laneMaps } from '../lane-map.ts'
import type { Call, Pool } from '../pool.ts'
import { openWire, wireOptions } from './wire.ts'

interface BareWorker {
  readonly pending: PendingCalls
  readonly send: (message: CallMessage) => void
  readonly socket: WebSocket
}

export async function startBare(n: number, { isJoined }: { isJoined: boolean }): Promise<Pool> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...wireOptions })
  await once(server, 'listening')
  const workers: BareWorker[] = []
  const allDialled = Promise.withResolvers<void>()
  server.on('connection', (socket) => {
    if (workers.push(acceptWorker(socket, isJoined)) === n) allDialled.resolve()
  })
  const { port } = server.address() as AddressInfo
  for (let i = 0; i < n; i++) {
    const args = [programPath('bare-worker'), String(port), isJoined ? 'joined' : 'single']
    spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  }
  await allDialled.promise
  const call: Call = (at, name, argument) => {
    const worker = workers[at]
    if (worker === undefined) throw new RangeError(`No worker ${at} of ${n}`)
    return worker.pending.call(name, argument, worker.send)
  }
  return {
    call,
    maps: laneMaps(call, n),
    async stop() {
      for (const worker of workers) worker.socket.close()
      server.close()
    },
  }
}

function acceptWorker(socket: WebSocket, isJoined: boolean): BareWorker {
  const pending = new PendingCalls()
  const send = openWire<AnswerMessage, CallMessage>(socket, {
    isJoined,
    onMessage: (message) => pending.settle(message),
    onClose: (reason) => pending.rejectAll(reason),
  })
  return { pending, send, socket }
}
