import { limits, Mailbox } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { Carrier } from '../src/carrier.ts'
import { postDefinition } from '../src/post-encoded.ts'

test('postDefinition() refuses a function that is too large each time, and not only the first', () => {
  let lastId = 0
  const nextId = (): number => ++lastId
  const carrier = new Carrier({ runtimeModule: {}, isRuntimeModule: () => false })
  const mailbox = new Mailbox({
    nextStream: nextId,
    events: { message() {}, detached() {}, violated() {} },
  })
  // Nothing of it is touched, so that it takes no memory.
  const body = { head: Uint8Array.of(0xc0), buffers: [new Uint8Array(limits.maxBodyBytes)] }
  const post = (): void =>
    postDefinition({ carrier, nextId }, mailbox, 2, {
      fn: () => {},
      hash: 'h',
      body,
      modules: [],
      needs: { loaded: [], imported: [] },
      isStateful: false,
    })

  expect(post).toThrow('Cannot send more than 4294967296 bytes: 4294967297')
  expect(post).toThrow('Cannot send more than 4294967296 bytes: 4294967297')
})
