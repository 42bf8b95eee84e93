import { expect, test } from 'vitest'
import type { Header, Message } from '../src/message.ts'
import { decodePacket, encodePacket } from '../src/packet.ts'
import { messages } from './messages.ts'

/** Packet 1 with nothing but the message of `messages`. What is here does not change within a protocol version. */
const golden: Readonly<Record<Message['type'], string>> = {
  call: '940100de000ca474797065a463616c6ca26964cb41f0000000100000a2746f02a2666ea468617368a769734261746368c3a46c616e65a27031a5636c61696dde0002a4736c6f7403aa67656e65726174696f6ecd0103a46b656570cb41f0000000200000a8697353696c656e74c2a9697342617272696572c2a4636f7079cb41f0000000300000a76d6f64756c657392a26d31a26d32c0',
  result: '940100de0002a474797065a6726573756c74a2696405c0',
  error: '940100de0003a474797065a56572726f72a2696405a46b696e64a67468726f776ec0',
  cancel: '940100de0003a474797065a663616e63656ca2696405a2746f02c0',
  define:
    '940100de0005a474797065a6646566696e65a2696406a2746f02a468617368a468617368a76d6f64756c657391a26d31c0',
  module: '940100de0004a474797065a66d6f64756c65a2696407a2746f02a468617368a26d31c0',
  unknown: '940100de0002a474797065a7756e6b6e6f776ea2696405c0',
  fetch: '940100de0005a474797065a56665746368a2696408a2746f02a372656605aa6973576169744f6e6c79c3c0',
  open: '940100de0004a474797065a46f70656ea2746f02a372656605a863617061636974790ac0',
  put: '940100de0007a474797065a3707574a269640ca2746f02a372656605a46b696e64a66661696c6564a6697343616c6cc2a569734f776ec3c0',
  take: '940100de0004a474797065a474616b65a269640da2746f02a372656605c0',
  received: '940100de0003a474797065a87265636569766564a269640da2746f02c0',
  inspect: '940100de0004a474797065a7696e7370656374a269640ea2746f02a372656605c0',
  state: '940100de0004a474797065a57374617465a269640ea769735265616479c3a669734f70656ec2c0',
  close: '940100de0004a474797065a5636c6f7365a269640fa2746f02a372656605c0',
  release: '940100de0002a474797065a772656c65617365a472656673940501cd012c02c0',
  free: '940100de0002a474797065a466726565a4726566739205cd012cc0',
  chunk:
    '940100de0003a474797065a56368756e6ba673747265616d09a4736c6f74de0004a370696464a2666414a66f6666736574ce00100000a66c656e677468ce00010001c0',
  credit: '940100de0003a474797065a6637265646974a673747265616d09a66368756e6b7302c0',
  stop: '940100de0002a474797065a473746f70a673747265616d09c0',
  ping: '940100de0002a474797065a470696e67a16e01c0',
  pong: '940100de0002a474797065a4706f6e67a16e01c0',
  members: '940100de0002a474797065a76d656d62657273a7776f726b657273930203cd012cc0',
  recall:
    '940100de0004a474797065a6726563616c6ca269640aa674687265616400a5636c61696dde0002a4736c6f7403aa67656e65726174696f6ecd0103c0',
  recalled: '940100de0003a474797065a8726563616c6c6564a269640aa7697354616b656ec3c0',
  interrupt:
    '940100de0005a474797065a9696e74657272757074a269640ba674687265616400a463616c6c05a767726163654d73ccfac0',
  interrupted: '940100de0003a474797065ab696e746572727570746564a269640baa69735265706c61636564c2c0',
  drain: '940100de0001a474797065a5647261696ec0',
  goodbye: '940100de0002a474797065a7676f6f64627965a6726561736f6ea7647261696e6564c0',
}

test.each(Object.values(messages))('message $type has the bytes that it always had', (message) => {
  const bytes = encodePacket(1, 0, [{ header: message, bytes: null }])
  expect(Buffer.from(bytes).toString('hex')).toBe(golden[message.type])
})

test.each(Object.values(messages))('message $type is read from its bytes with all its fields', (message) => {
  const packet = decodePacket(Buffer.from(golden[message.type], 'hex'))
  expect(packet).toEqual({ sequence: 1, acknowledged: 0, frames: [{ header: message, bytes: null }] })
})

const layouts: readonly [string, Header, Uint8Array | null, string][] = [
  [
    'in the frame',
    { type: 'result', id: 5 },
    Uint8Array.of(1, 2, 3),
    '940201de0002a474797065a6726573756c74a2696405c403010203',
  ],
  [
    'in the frame, in parts',
    { type: 'result', id: 5, parts: [1, 2] },
    Uint8Array.of(1, 2, 3),
    '940201de0003a474797065a6726573756c74a2696405a57061727473920102c403010203',
  ],
  [
    'as chunks, announced',
    { type: 'result', id: 5, parts: [70_000], stream: 9 },
    null,
    '940201de0004a474797065a6726573756c74a2696405a5706172747391ce00011170a673747265616d09c0',
  ],
  [
    'with handles and modules in it, kept by the receiver itself',
    { type: 'result', id: 5, own: 12, handles: [2, 70_000], isPacked: true },
    null,
    '940201de0005a474797065a6726573756c74a2696405a36f776e0ca768616e646c65739202ce00011170a869735061636b6564c3c0',
  ],
  [
    'as chunks, one of them',
    { type: 'chunk', stream: 9 },
    Uint8Array.of(1, 2, 3),
    '940201de0002a474797065a56368756e6ba673747265616d09c403010203',
  ],
]

test.each(layouts)('a body that travels %s has the bytes that it always had', (_, header, body, hex) => {
  const bytes = encodePacket(2, 1, [{ header, bytes: body }])
  expect(Buffer.from(bytes).toString('hex')).toBe(hex)
  expect(decodePacket(bytes).frames).toEqual([{ header, bytes: body === null ? null : Buffer.from(body) }])
})

test('the calls that began in a thread that was replaced have the bytes that they always had', () => {
  const header: Header = { type: 'interrupted', id: 11, isReplaced: true, begun: [7, 300] }
  const bytes = encodePacket(2, 1, [{ header, bytes: null }])
  expect(Buffer.from(bytes).toString('hex')).toBe(
    '940201de0004a474797065ab696e746572727570746564a269640baa69735265706c61636564c3a5626567756e9207cd012cc0',
  )
  expect(decodePacket(bytes).frames).toEqual([{ header, bytes: null }])
})

test('the highest calls that began in such a thread have the bytes that they always had', () => {
  const header: Header = {
    type: 'interrupted',
    id: 11,
    isReplaced: true,
    begun: [7],
    highest: [7, 0, 2 ** 33],
  }
  const bytes = encodePacket(2, 1, [{ header, bytes: null }])
  expect(Buffer.from(bytes).toString('hex')).toBe(
    '940201de0005a474797065ab696e746572727570746564a269640baa69735265706c61636564c3a5626567756e9107a768696768657374930700cb4200000000000000c0',
  )
  expect(decodePacket(bytes).frames).toEqual([{ header, bytes: null }])
})

test('a chunk in memory that has a mark has the bytes that it always had', () => {
  const slot = { pid: 100, fd: 20, mark: 'c0ffee', offset: 1_048_576, length: 65_537 }
  const bytes = encodePacket(2, 1, [{ header: { type: 'chunk', stream: 9, slot }, bytes: null }])
  expect(Buffer.from(bytes).toString('hex')).toBe(
    '940201de0003a474797065a56368756e6ba673747265616d09a4736c6f74de0005a370696464a2666414a46d61726ba6633066666565a66f6666736574ce00100000a66c656e677468ce00010001c0',
  )
  expect(decodePacket(bytes).frames).toEqual([{ header: { type: 'chunk', stream: 9, slot }, bytes: null }])
})
