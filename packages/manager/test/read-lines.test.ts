import { PassThrough } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { readLines } from '../src/read-lines.ts'

async function linesOf(...chunks: readonly (string | Buffer)[]): Promise<string[]> {
  const stream = new PassThrough()
  const lines: string[] = []
  const reading = readLines(stream, (line) => lines.push(line))
  for (const chunk of chunks) stream.write(chunk)
  stream.end()
  await reading
  return lines
}

test('readLines() gives each line without its end, whatever the chunks are', async () => {
  expect(await linesOf('one\ntw', 'o\r', '\n\nfour')).toEqual(['one', 'two', '', 'four'])
})

test('readLines() puts characters together that were cut in two', async () => {
  const euro = Buffer.from('€\n')

  expect(await linesOf(euro.subarray(0, 1), euro.subarray(1))).toEqual(['€'])
})

test('readLines() gives nothing of nothing, and no line after the last end', async () => {
  expect(await linesOf()).toEqual([])
  expect(await linesOf('one\n')).toEqual(['one'])
})

test('readLines() cuts a line that does not end', async () => {
  const lines = await linesOf(...Array.from({ length: 10 }, () => 'x'.repeat(30_000)), '\nshort\n')

  expect(lines.map((line) => line.length)).toEqual(
    [90_000, 90_000, 90_000, 30_000, 5].flatMap((n) => (n > 65_536 ? [65_536, n - 65_536] : [n])),
  )
})

test('readLines() makes a line of one that has not ended when it is asked to, once', async () => {
  const stream = new PassThrough()
  const lines: string[] = []
  const lent = Promise.withResolvers<() => void>()
  const reading = readLines(stream, (line) => lines.push(line), lent.resolve)
  const takeRest = await lent.promise

  stream.write('one\ntw')
  await setImmediate()
  takeRest()
  takeRest()
  stream.end('o')
  await reading

  expect(lines).toEqual(['one', 'tw', 'o'])
})

test('readLines() ends with a stream that fails', async () => {
  const stream = new PassThrough()
  const reading = readLines(stream, () => {})

  stream.destroy(new Error('EIO'))

  await expect(reading).resolves.toBeUndefined()
})
