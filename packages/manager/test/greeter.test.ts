import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { Greeter, strangerAbort } from '../src/greeter.ts'

test('Greeter tells of a connection that the system refused, and ends no process', async () => {
  const warnings: string[] = []
  const logger = { debug() {}, info() {}, warn: (message: string) => void warnings.push(message), error() {} }
  const server = createServer()
  new Greeter({ admit: () => ({ answer: strangerAbort }) }, () => logger).serve(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  // As Node tells of it.
  server.emit('error', new Error('accept ENFILE'))

  expect(warnings).toEqual(['Cannot take a connection: accept ENFILE'])
  server.close()
})
