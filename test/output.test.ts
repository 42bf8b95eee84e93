/** What workers write when whoever reads it is slow, or gone. */

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { Cluster } from '@dialback/manager'
import { agentEntry } from '@dialback/worker'
import { beforeAll, expect, test } from 'vitest'
import { root } from './support/run-script.ts'

type Script = ChildProcessByStdio<Writable, Readable, Readable>

// Whoever bundles it starts a process with the same standard error, for which Node makes that a blocking one.
beforeAll(async () => {
  await agentEntry()
})

/** Its standard error is not read until the test does. */
function start(fixture: string, ...args: string[]): Script {
  const argv = ['--unhandled-rejections=strict', `test/fixtures/${fixture}`, ...args]
  return spawn(process.execPath, argv, { cwd: root, stdio: ['pipe', 'pipe', 'pipe'], timeout: 80_000 })
}

/** Gives a text once it stands in the stream. */
async function lineOf(stream: Readable, wanted: string): Promise<void> {
  for await (const line of createInterface(stream)) if (line.includes(wanted)) return
  throw new Error(`Nobody wrote "${wanted}"`)
}

test('a worker that prints more than is read waits: nothing of it is lost or kept in memory, and others are not held up', async () => {
  const lines = 100_000
  const script = start('flooding.ts', String(lines))
  const told: string[] = []
  const stdout = createInterface(script.stdout).on('line', (line) => told.push(line))
  const ended = once(script, 'close')
  while (told.length === 0) await once(stdout, 'line')

  expect(told).toEqual(['the other one answers'])
  let next = 0
  for await (const line of createInterface(script.stderr)) {
    if (line.startsWith(`      From worker 2:\t${next}.`)) next += 1
  }

  expect(next).toBe(lines)
  expect(await ended).toEqual([0, null])
  expect(told.slice(0, 2)).toEqual(['the other one answers', 'all is written'])
  expect(Number(/grown by (\d+) MiB/.exec(told[2] ?? '')?.[1])).toBeLessThan(60)
})

test('a script goes on, and ends as it would, when nobody reads its standard error any more', async () => {
  const script = start('unread.ts')
  const stdout = text(script.stdout)
  await lineOf(script.stderr, 'From worker 2:\tthere')

  script.stderr.destroy()
  script.stdin.write('gone\n')

  expect(await once(script, 'exit')).toEqual([0, null])
  expect(await stdout).toBe('all as ever\n')
})

test('what a worker wrote without an end of its line is shown before the script ends', async () => {
  const script = start('unended.ts')

  const written = await text(script.stderr)

  expect(written).toContain('      From worker 2:\t50 %\n')
  expect(written).toMatch(/ {6}From worker 3:\t\.{50000}done\n/)
})

test('onWorkerLog that gives promises gets the next lines once those have settled', async () => {
  const lines = 10_000
  const heard: number[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const onWorkerLog = (id: number, line: string): Promise<void> => {
    heard.push(id === 2 ? Number.parseInt(line) : -1)
    return promise
  }
  const logger = { debug() {}, info() {}, warn() {}, error() {} }
  await using cluster = new Cluster({ onWorkerLog, logger })
  await cluster.addProcs(2)

  const print = (count: number): void => {
    for (let n = 0; n < count; n++) console.log(String(n).padEnd(1_000, '.'))
  }
  const printing = cluster.remoteCallFetch(print, 2, lines)
  for (let n = 0; n < 20; n++) await cluster.remoteCallFetch(() => 0, 3)
  const heardBefore = heard.length
  resolve()
  await printing
  await cluster.rmProcs(2)

  // What had been read of the pipe.
  expect(heardBefore).toBeLessThan(200)
  expect(heard).toEqual(Array.from({ length: lines }, (_, n) => n))
})
