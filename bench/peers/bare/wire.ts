/** The bare wire: msgpackr values as binary WebSocket messages, and nothing else. */

import { Packr } from 'msgpackr'
import type { ServerOptions, WebSocket } from 'ws'

/** The options of both ends; `ws` as it comes, but for compression, which would be measured instead of the wire. */
export const wireOptions: Readonly<
  Pick<ServerOptions, 'perMessageDeflate' | 'skipUTF8Validation' | 'maxPayload'>
> = {
  perMessageDeflate: false,
  skipUTF8Validation: true,
  maxPayload: 2 ** 30,
}

/** How many messages of one tick become one where they are joined. */
const maxJoined = 256

export interface WireOptions<In> {
  /** Whether what one tick sends is joined into one message; both ends have to agree. */
  readonly isJoined: boolean
  onMessage(message: In): void
  onClose(reason: string): void
}

/** Serves an open `socket`; returns its send. */
export function openWire<In, Out>(socket: WebSocket, options: WireOptions<In>): (message: Out) => void {
  const packr = new Packr({ moreTypes: true, useRecords: false })
  socket.on('error', ignoreBecauseCloseFollows)
  socket.on('close', (code, reason) =>
    options.onClose(`socket closed: code ${code}, reason '${reason.toString()}'`),
  )
  if (!options.isJoined) {
    socket.on('message', (data) => options.onMessage(packr.unpack(data as Buffer) as In))
    return (message) => socket.send(packr.pack(message))
  }
  socket.on('message', (data) => {
    for (const message of packr.unpack(data as Buffer) as In[]) options.onMessage(message)
  })
  let queue: Out[] = []
  const flush = (): void => {
    if (queue.length === 0) return
    const joined = queue
    queue = []
    socket.send(packr.pack(joined))
  }
  return (message) => {
    queue.push(message)
    if (queue.length === 1) queueMicrotask(flush)
    else if (queue.length === maxJoined) flush()
  }
}

function ignoreBecauseCloseFollows(): void {}
