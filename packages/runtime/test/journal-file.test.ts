import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Codec, noHooks } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { contentHash } from '../src/content-hash.ts'
import { JournalFile } from '../src/journal/journal-file.ts'
import { fingerprintRecord, itemRecord, magic, parseValue } from '../src/journal/journal-record.ts'
import type { Place } from '../src/journal/journal-scan.ts'

const codec = new Codec(noHooks)
const nameOf = (key: string, occurrence = 0) => ({ key: contentHash(codec.encode(key, 'key')), occurrence })

/** A directory with a file's name in it, and what opening that tells. */
async function withFile() {
  const directory = await mkdtemp(join(tmpdir(), 'dialback-test-'))
  const path = join(directory, 'a.journal')
  const open = async () => {
    const found: { warnings: string[]; fingerprints: string[]; items: [string, number, Place][] } = {
      warnings: [],
      fingerprints: [],
      items: [],
    }
    const file = await JournalFile.open(
      path,
      {
        onFingerprint: (json) => found.fingerprints.push(json),
        onItem: ({ key, occurrence }, place) => found.items.push([key, occurrence, place]),
      },
      (text) => found.warnings.push(text),
    )
    return { file, ...found }
  }
  const dispose = async (): Promise<void> => await rm(directory, { recursive: true })
  return { path, open, [Symbol.asyncDispose]: dispose }
}

test('JournalFile gives back what was appended, large buffers included', async () => {
  await using at = await withFile()
  const first = await at.open()
  const large = new Float64Array(200_000).fill(1.5)
  first.file.append(fingerprintRecord('{"name":"fn"}'))
  first.file.append(itemRecord(nameOf('a'), codec.encode({ large, n: 1n }, 'value')))
  first.file.append(itemRecord(nameOf('b', 2), codec.encode(undefined, 'value')))
  await first.file.close()

  const { file, items, fingerprints, warnings } = await at.open()

  expect({ fingerprints, warnings }).toEqual({ fingerprints: ['{"name":"fn"}'], warnings: [] })
  expect(items.map(([key, occurrence]) => ({ key, occurrence }))).toEqual([nameOf('a'), nameOf('b', 2)])
  const values = items.map(([, , place]) => codec.decode(parseValue(file.read(place))))
  expect(values).toEqual([{ large, n: 1n }, undefined])
  await file.close()
})

test('JournalFile cut off at any byte keeps all records before it and goes on from there', async () => {
  await using at = await withFile()
  const { file } = await at.open()
  const ends = [magic.byteLength]
  for (const value of ['one', { two: 2 }, [3, 3, 3]]) {
    const place = file.append(itemRecord(nameOf(String(value)), codec.encode(value, 'value')))
    ends.push(place.offset + place.length)
  }
  await file.close()
  const whole = await readFile(at.path)
  for (let length = 0; length <= whole.byteLength; length++) {
    await writeFile(at.path, whole)
    await truncate(at.path, length)

    const cut = await at.open()
    cut.file.append(itemRecord(nameOf('new'), codec.encode(length, 'value')))
    await cut.file.close()
    const { file: again, items, warnings } = await at.open()
    await again.close()

    const left = ends.filter((end) => end <= length).length - 1
    expect(cut.items.length, `cut at ${length}`).toBe(Math.max(0, left))
    expect(cut.warnings.length).toBe(ends.includes(length) || length === 0 ? 0 : 1)
    expect({ count: items.length, warnings }).toEqual({ count: Math.max(0, left) + 1, warnings: [] })
  }
})

test('JournalFile leaves out a record in the middle whose bytes have changed', async () => {
  await using at = await withFile()
  const { file } = await at.open()
  const places = ['a', 'b', 'c'].map((name) =>
    file.append(itemRecord(nameOf(name), codec.encode(`value of ${name}`, 'value'))),
  )
  await file.close()
  const bytes = await readFile(at.path)
  bytes[(places[1]?.offset ?? 0) + 50] = 0
  await writeFile(at.path, bytes)

  const { file: again, items, warnings } = await at.open()

  expect(items.map(([key]) => key)).toEqual([nameOf('a').key, nameOf('c').key])
  expect(warnings).toEqual([
    `Journal ${at.path}: left out a damaged record; items of which it has no other one run again`,
  ])
  await again.close()
})

test('JournalFile drops zeros that a lost machine left at the end', async () => {
  await using at = await withFile()
  const { file } = await at.open()
  file.append(itemRecord(nameOf('a'), codec.encode(1, 'value')))
  await file.close()
  const bytes = await readFile(at.path)
  await writeFile(at.path, Buffer.concat([bytes, Buffer.alloc(4_096)]))

  const { file: again, items, warnings } = await at.open()

  expect({ count: items.length, warnings }).toEqual({
    count: 1,
    warnings: [
      `Journal ${at.path}: dropped 4096 bytes at its end, of a record that was not written to its end`,
    ],
  })
  await again.close()
})

test('JournalFile leaves another kind of file as it is', async () => {
  await using at = await withFile()
  await writeFile(at.path, 'name,count\na,1\n')

  await expect(at.open()).rejects.toMatchObject({
    code: 'JOURNAL',
    problem: 'foreign',
    message: `Cannot use ${at.path} as a journal: it is another kind of file`,
  })

  expect(await readFile(at.path, 'utf8')).toBe('name,count\na,1\n')
})
