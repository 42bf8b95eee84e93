/**
 * One stream to a port of a pod, by way of the API server and the node: a WebSocket of the channel protocol, in which the
 * first byte of each message says for what it is. Source: k8s.io/kubelet pkg/cri/streaming/portforward/websocket.go.
 */

import type { IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { KubeApi } from './kube-api.ts'
import { type KubeError, type KubeStatus, refusal } from './kube-error.ts'
import { resourcePath, withQuery } from './kube-path.ts'
import { recordOf, textOf } from './untyped.ts'

export interface PortForwardTarget {
  readonly namespace: string
  readonly pod: string
  readonly port: number
}

export interface PortForward {
  readonly stream: Duplex
  /** Whether it keeps this process alive. */
  hold(isHeld: boolean): void
}

/** The port is not there, or not any more. */
export class PortForwardError extends Error {
  override readonly name = 'PortForwardError'
  readonly code = 'PORT_FORWARD'
}

const channelProtocol = 'v4.channel.k8s.io'
const dataChannel = 0
const errorChannel = 1
/** What opens each channel: the port once more, which is of no interest. */
const prologueBytes = 2
/** Larger messages gain nothing, and the mask of each is computed at once. */
const maxMessageBytes = 262_144
const maxRefusalBytes = 65_536

/**
 * Opens the stream. That it is open says nothing of the port yet: that nobody listens there ends the stream a little later.
 *
 * @throws {KubeError} when the API server refuses; {PortForwardError} when it cannot be reached; the reason of `signal`.
 */
export async function openPortForward(
  api: Pick<KubeApi, 'webSocket'>,
  target: PortForwardTarget,
  signal: AbortSignal,
): Promise<PortForward> {
  signal.throwIfAborted()
  const { namespace, pod, port } = target
  const path = withQuery(`${resourcePath('pods', namespace, pod)}/portforward`, { ports: port })
  const socket = await api.webSocket(path, [channelProtocol])
  const what = `port ${port} of pod ${namespace}/${pod}`
  // Before it is open: the first messages may come with the answer that opens it.
  const stream = channelStream(socket, what)
  const opening = {
    socket,
    what,
    refusedWith: async (response: IncomingMessage) => await refusalOf(response, target),
  }
  const connection = await opened(opening, signal)
  return {
    stream,
    hold(isHeld) {
      if (isHeld) connection.socket.ref()
      else connection.socket.unref()
    },
  }
}

interface Opening {
  readonly socket: WebSocket
  readonly what: string
  readonly refusedWith: (response: IncomingMessage) => Promise<Error>
}

async function opened({ socket, what, refusedWith }: Opening, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const aborted = (): void => {
    reject(signal.reason as Error)
    socket.terminate()
  }
  let upgrade: IncomingMessage | undefined
  socket.once('error', (cause) =>
    reject(new PortForwardError(`Cannot forward ${what}: ${cause.message}`, { cause })),
  )
  socket.once('upgrade', (response) => {
    upgrade = response
  })
  socket.once('open', () => {
    if (upgrade !== undefined) resolve(upgrade)
  })
  socket.once('unexpected-response', (_, response) => void refusedWith(response).then(reject))
  signal.addEventListener('abort', aborted, { once: true })
  if (signal.aborted) aborted()
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', aborted)
  }
}

async function refusalOf(
  response: IncomingMessage,
  { namespace, pod }: PortForwardTarget,
): Promise<KubeError> {
  const { statusCode = 0, statusMessage = '' } = response
  const request = { verb: 'create', resource: 'pods/portforward', namespace, name: pod }
  const status = (await statusOf(response)) ?? {
    message: `it answered ${statusCode} ${statusMessage}`.trimEnd(),
  }
  return refusal(request, { httpStatus: statusCode, status })
}

/** What the API server says of it; not every proxy on the way answers in JSON, or to the end. */
async function statusOf(response: IncomingMessage): Promise<KubeStatus | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.byteLength
      if (size > maxRefusalBytes) return undefined
      chunks.push(chunk)
    }
    const status = recordOf(JSON.parse(Buffer.concat(chunks).toString()))
    const message = textOf(status?.['message'])
    return message === undefined ? undefined : { message }
  } catch {
    return undefined
  }
}

function channelStream(socket: WebSocket, what: string): Duplex {
  const missing = new Map([
    [dataChannel, prologueBytes],
    [errorChannel, prologueBytes],
  ])
  const stream = new Duplex({
    read: () => {
      if (socket.isPaused) socket.resume()
    },
    write: (chunk: Buffer, _, done) => send(socket, [chunk], done),
    writev: (chunks: readonly { readonly chunk: Buffer }[], done) =>
      send(
        socket,
        chunks.map(({ chunk }) => chunk),
        done,
      ),
    // The protocol cannot say that one direction has ended.
    final: (done) => {
      socket.close(1000)
      done()
    },
    destroy: (error, done) => {
      socket.terminate()
      done(error)
    },
  })
  socket.on('message', (message: Buffer) => {
    const channel = message[0] ?? errorChannel
    const skipped = Math.min(missing.get(channel) ?? 0, message.byteLength - 1)
    missing.set(channel, (missing.get(channel) ?? 0) - skipped)
    const bytes = message.subarray(1 + skipped)
    if (bytes.byteLength === 0) return
    if (channel === errorChannel)
      stream.destroy(
        new PortForwardError(`Cannot forward ${what}: ${bytes.toString().trim().slice(0, 1_000)}`),
      )
    else if (!stream.push(bytes)) socket.pause()
  })
  socket.on('error', (cause) =>
    stream.destroy(new PortForwardError(`Lost ${what}: ${cause.message}`, { cause })),
  )
  // Whoever uses it is told by `close` at the latest.
  stream.on('error', () => {})
  socket.on('close', (code, reason) => {
    if (stream.writableFinished) stream.push(null)
    else stream.destroy(new PortForwardError(`Lost ${what}: ${describeClose(code, reason.toString())}`))
  })
  return stream
}

function describeClose(code: number, reason: string): string {
  return reason === '' ? `the API server closed the connection (${code})` : reason
}

/** In messages of a bounded size; `done` once all of it has left. */
function send(socket: WebSocket, chunks: readonly Buffer[], done: (error?: Error | null) => void): void {
  let message: Buffer[] = [channelPrefix]
  let size = 0
  const all: Buffer[] = []
  for (const chunk of chunks) {
    if (size + chunk.byteLength > maxMessageBytes && size > 0) {
      all.push(Buffer.concat(message))
      message = [channelPrefix]
      size = 0
    }
    message.push(chunk)
    size += chunk.byteLength
  }
  for (const earlier of all) socket.send(earlier, ignoreFailure)
  socket.send(Buffer.concat(message), done)
}

const channelPrefix = Buffer.of(dataChannel)

/** The last message of the same call fails as well, and is told. */
function ignoreFailure(): void {}
