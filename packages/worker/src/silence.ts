/**
 * Pings the manager over one connection. A network may swallow what is sent over one and let others through, so each
 * has to be watched by itself.
 */

import { Heartbeat, monotonicMs } from '@dialback/protocol'
import type { Connection } from './connection.ts'

/**
 * Keeps pinging; drops the connection when nothing came back for too long, so that it dials again and goes on. While
 * this thread is busy nothing is judged: what arrived meanwhile has not been read.
 *
 * @param mayDrop false where a manager may be silent for long, as one on the same machine that is being debugged.
 */
export function watchForSilence({ mailbox, welcome }: Connection, mayDrop: boolean): Heartbeat {
  const { link } = mailbox
  const { heartbeatIntervalMs, silenceLimitMs } = welcome
  let pings = 0
  return new Heartbeat({
    intervalMs: heartbeatIntervalMs,
    silenceLimitMs,
    lastReceivedAt: () => link.lastReceivedAt,
    now: monotonicMs,
    ping: () => link.send({ type: 'ping', n: ++pings }, null, true),
    silent: () => {
      if (mayDrop && link.isAttached) link.drop(`the manager was silent for ${silenceLimitMs} ms`)
    },
  })
}
