import { duplexPair } from 'node:stream'
import { expect, test } from 'vitest'
import { askForUpgrade, upgradeAnswer } from '../src/websocket/upgrade.ts'

// The example of RFC 6455 §1.3.
const headers = {
  upgrade: 'WebSocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

test('upgradeAnswer() proves that it has read the key', () => {
  expect(upgradeAnswer({ method: 'GET', headers })).toContain(
    '\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n',
  )
})

test.each([
  ['another method', 'POST', headers],
  ['another protocol', 'GET', { ...headers, upgrade: 'h2c' }],
  ['another version', 'GET', { ...headers, 'sec-websocket-version': '12' }],
  ['no key', 'GET', { ...headers, 'sec-websocket-key': undefined }],
  ['a key of another length', 'GET', { ...headers, 'sec-websocket-key': 'c2hvcnQ=' }],
])('upgradeAnswer() gives none to %s', (_, method, asked) => {
  expect(upgradeAnswer({ method, headers: asked })).toBeUndefined()
})

test('askForUpgrade() gives what came behind the answer', async () => {
  const [client, server] = duplexPair()
  const asked = askForUpgrade(client, 'manager:80')
  const request = await readRequest(server)
  expect(request.split('\r\n').slice(0, 2)).toEqual(['GET / HTTP/1.1', 'Host: manager:80'])
  const key = /Sec-WebSocket-Key: (\S+)/.exec(request)?.[1]
  const answer = upgradeAnswer({ method: 'GET', headers: { ...headers, 'sec-websocket-key': key } })
  server.write(`${answer}behind`)
  expect((await asked).toString()).toBe('behind')
})

test.each([
  ['a refusal', 'HTTP/1.1 403 Forbidden\r\n\r\n', 'Unexpected answer of the server: HTTP/1.1 403 Forbidden'],
  [
    'a wrong proof',
    'HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
    'The server does not speak WebSocket',
  ],
  ['an answer without end', 'x'.repeat(20_000), 'The answer of the server is too long'],
])('askForUpgrade() rejects after %s', async (_, answer, message) => {
  const [client, server] = duplexPair()
  const asked = askForUpgrade(client, 'manager:80')
  await readRequest(server)
  server.write(answer)
  await expect(asked).rejects.toThrow(message)
})

test('askForUpgrade() rejects when the server ends the connection', async () => {
  const [client] = duplexPair()
  const asked = askForUpgrade(client, 'manager:80')
  client.destroy()
  await expect(asked).rejects.toThrow('The server ended the connection')
})

function readRequest(server: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve) => {
    server.once('data', (chunk: Buffer) => resolve(chunk.toString()))
  })
}
