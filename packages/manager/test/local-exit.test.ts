import { expect, test } from 'vitest'
import { localExit } from '../src/local/local-exit.ts'

const crash = [
  'before',
  'file:///app.mjs:3',
  "    throw new RangeError('out of luck')",
  '    ^',
  '',
  'RangeError: out of luck',
  '    at file:///app.mjs:3:11',
  '',
  'Node.js v24.21.0',
]

test.each([
  [
    { code: 0, signal: null },
    { reason: 'Exited', detail: 'exit code 0', exitCode: 0, blame: 'item', logs: [] },
  ],
  [
    { code: 3, signal: null, lines: ['no such config'] },
    { reason: 'Exited', detail: 'exit code 3, last output: no such config', exitCode: 3 },
  ],
  [
    { code: 1, signal: null, lines: ['10 of 20 done'] },
    { detail: 'exit code 1, last output: 10 of 20 done' },
  ],
  [
    { code: 4, signal: null, lines: ['Error: no answer, trying again', 'giving up'] },
    { detail: 'exit code 4, last output: giving up' },
  ],
  [
    {
      code: 4,
      signal: null,
      lines: ['giving up', 'Error: no answer', '    at main.ts:1:2', "  code: 'X'", '}'],
    },
    { detail: 'exit code 4, last output: Error: no answer' },
  ],
  [
    { code: 1, signal: null, lines: ['cannot start: no settings'] },
    { detail: 'exit code 1: cannot start: no settings' },
  ],
  [
    { code: 1, signal: null, lines: crash },
    { reason: 'Exited', detail: 'exit code 1: RangeError: out of luck', logs: crash },
  ],
  [
    { code: 1, signal: null, lines: ['Uncaught just text', '', 'Node.js v24.21.0'] },
    { detail: 'exit code 1: Uncaught just text' },
  ],
  [
    { code: null, signal: 'SIGKILL' as const },
    { reason: 'Killed', detail: 'SIGKILL', signal: 'SIGKILL', blame: 'unknown' },
  ],
  [
    { code: null, signal: 'SIGABRT' as const, lines: ['FATAL ERROR: JavaScript heap out of memory'] },
    { reason: 'HeapOutOfMemory', blame: 'item', signal: 'SIGABRT' },
  ],
  [
    { code: 134, signal: null, lines: ['FATAL ERROR: the heap of the thread is out of memory'] },
    { reason: 'HeapOutOfMemory', exitCode: 134 },
  ],
  [
    { code: null, signal: 'SIGABRT' as const },
    { reason: 'Killed', signal: 'SIGABRT' },
  ],
  [
    { code: null, signal: null, error: new Error('spawn ENOENT') },
    { reason: 'StartError', detail: 'spawn ENOENT', blame: 'configuration' },
  ],
])('localExit(%o) says how the process ended', (end, exit) => {
  expect(localExit(end)).toMatchObject(exit)
})
