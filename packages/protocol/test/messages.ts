/** One of each message, with all its fields. */

import type { Message } from '../src/message.ts'

export const messages: { readonly [T in Message['type']]: Extract<Message, { type: T }> } = {
  call: {
    type: 'call',
    id: 4_294_967_297,
    to: 2,
    fn: 'hash',
    isBatch: true,
    lane: 'p1',
    claim: { slot: 3, generation: 259 },
    keep: 4_294_967_298,
    isSilent: false,
    isBarrier: false,
    modules: ['m1', 'm2'],
  },
  result: { type: 'result', id: 5 },
  error: { type: 'error', id: 5, kind: 'thrown' },
  cancel: { type: 'cancel', id: 5, to: 2 },
  define: { type: 'define', id: 6, to: 2, hash: 'hash', modules: ['m1'] },
  module: { type: 'module', id: 7, to: 2, hash: 'm1' },
  unknown: { type: 'unknown', id: 5 },
  fetch: { type: 'fetch', id: 8, to: 2, ref: 5, isWaitOnly: true },
  release: { type: 'release', to: 2, ref: 5 },
  chunk: { type: 'chunk', stream: 9, slot: { pid: 100, fd: 20, offset: 1_048_576, length: 65_537 } },
  credit: { type: 'credit', stream: 9, chunks: 2 },
  stop: { type: 'stop', stream: 9 },
  ping: { type: 'ping', n: 1 },
  pong: { type: 'pong', n: 1 },
  members: { type: 'members', workers: [2, 3, 300] },
  recall: { type: 'recall', id: 10, thread: 0, claim: { slot: 3, generation: 259 } },
  recalled: { type: 'recalled', id: 10, isTaken: true },
  interrupt: { type: 'interrupt', id: 11, thread: 0, call: 5, graceMs: 250 },
  interrupted: { type: 'interrupted', id: 11, isReplaced: false },
  drain: { type: 'drain' },
  goodbye: { type: 'goodbye', reason: 'drained' },
}
