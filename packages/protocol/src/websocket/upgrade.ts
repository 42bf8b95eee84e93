/** How a stream becomes a WebSocket (RFC 6455 §4): the texts of both sides, and the reading of the answer. */

import { createHash, randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'

/** What a server has to know of a request; Node's `IncomingMessage` is one. */
export interface UpgradeRequest {
  readonly method?: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const maxAnswerBytes = 16_384

/** Gives the answer to a request; undefined when it is not one for a WebSocket. */
export function upgradeAnswer({ method, headers }: UpgradeRequest): string | undefined {
  const key = headers['sec-websocket-key']
  const isAsked = method === 'GET' && String(headers['upgrade']).toLowerCase() === 'websocket'
  if (!isAsked || headers['sec-websocket-version'] !== '13') return undefined
  if (typeof key !== 'string' || !/^[+/0-9A-Za-z]{22}==$/.test(key)) return undefined
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptOf(key)}`,
    '\r\n',
  ].join('\r\n')
}

/**
 * Asks the server at the other end of a connected stream for a WebSocket. Resolves with what came behind its answer.
 *
 * @throws {Error} when it refuses, answers something else, or ends; the stream is then of no use.
 */
export async function askForUpgrade(stream: Duplex, host: string): Promise<Buffer> {
  const key = randomBytes(16).toString('base64')
  stream.write(
    [
      'GET / HTTP/1.1',
      `Host: ${host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${key}`,
      '\r\n',
    ].join('\r\n'),
  )
  const { text, rest } = await readAnswer(stream)
  const [status = '', ...lines] = text.split('\r\n')
  if (!/^HTTP\/1\.1 101(?: |$)/.test(status)) throw new Error(`Unexpected answer of the server: ${status}`)
  const accept = lines.map((line) => /^sec-websocket-accept: *(\S+) *$/i.exec(line)?.[1]).find(Boolean)
  if (accept !== acceptOf(key)) throw new Error('The server does not speak WebSocket')
  return rest
}

function acceptOf(key: string): string {
  return createHash('sha1')
    .update(key + guid)
    .digest('base64')
}

function readAnswer(stream: Duplex): Promise<{ text: string; rest: Buffer }> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0)
    const finish = (): void => {
      stream.off('data', onData)
      stream.off('error', onError)
      stream.off('close', onClose)
      // Until there is a listener again nothing may be read past.
      stream.pause()
    }
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk])
      const end = bytes.indexOf('\r\n\r\n')
      if (end < 0 && bytes.byteLength <= maxAnswerBytes) return
      finish()
      if (end < 0) reject(new Error('The answer of the server is too long'))
      else resolve({ text: bytes.toString('latin1', 0, end), rest: bytes.subarray(end + 4) })
    }
    const onError = (error: Error): void => {
      finish()
      reject(error)
    }
    const onClose = (): void => {
      finish()
      reject(new Error('The server ended the connection'))
    }
    stream.on('data', onData)
    stream.on('error', onError)
    stream.on('close', onClose)
  })
}
