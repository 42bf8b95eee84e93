import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Cluster } from '@dialback/manager'
import { expect, test } from 'vitest'
import { runScript } from './support/run-script.ts'
import { type TempDir, withTempDir } from './support/temp-dir.ts'

/** A folder with a package in it that says where it is from, and that needs a native addon. */
async function imageWith(where: string): Promise<TempDir> {
  const dir = await withTempDir({ resolvesPackages: true })
  const folder = join(dir.path, 'node_modules/with-addon')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{ "name": "with-addon", "main": "index.js" }')
  await writeFile(
    join(folder, 'index.js'),
    `exports.where = () => '${where}'; exports.load = () => require('./addon.node')`,
  )
  await writeFile(join(folder, 'addon.node'), 'no addon at all')
  return dir
}

const script = (options: string): string => `
  import { addProcs, remoteCallFetch } from '@dialback/manager'
  import { where } from 'with-addon'
  import { increment } from './state.ts'

  await addProcs(1, ${options})
  const told = async (fn: () => unknown) => await remoteCallFetch(fn, 2).catch((error: Error) => error.message)
  console.log(JSON.stringify([
    await told(() => where()),
    await told(async () => (await import('with-addon')).where()),
    await told(() => [increment(), increment()]),
  ]))`

async function output(dir: TempDir, options: string): Promise<unknown> {
  const file = join(dir.path, 'script.ts')
  await writeFile(file, script(options))
  await writeFile(join(dir.path, 'state.ts'), 'let n: number = 0\nexport const increment = (): number => ++n')
  const { stdout, stderr } = await runScript(file, { cwd: dir.path })
  expect(stderr).not.toContain('Error')
  return JSON.parse(stdout)
}

test('a package with a native addon is refused with what to do about it', async () => {
  await using dir = await imageWith('here')

  const advice =
    "it is a native addon, so its package must be in the worker's image and named in { external: ['with-addon'] }"
  expect(await output(dir, '{}')).toEqual([
    `Cannot send fn › imports "with-addon" › imports "./addon.node": ${advice} (script.ts:9:16)`,
    `Cannot send fn › imports "with-addon" › imports "./addon.node": ${advice} (script.ts:10:16)`,
    [1, 2],
  ])
})

test("{ external } takes a package from the worker's image", async () => {
  await using here = await imageWith('here')
  await using there = await imageWith('there')

  const options = `{ cwd: ${JSON.stringify(there.path)}, external: ['with-addon'] }`
  expect(await output(here, options)).toEqual(['there', 'there', [1, 2]])
})

test("{ code: 'image' } imports everything from the same paths of the image", async () => {
  await using dir = await imageWith('here')

  expect(await output(dir, "{ code: 'image' }")).toEqual(['here', 'here', [1, 2]])
})

test("{ external } names a package that is not in the worker's image", async () => {
  await using here = await imageWith('here')
  await using bare = await withTempDir()

  const options = `{ cwd: ${JSON.stringify(bare.path)}, external: ['with-addon'] }`
  expect(await output(here, options)).toEqual([
    expect.stringMatching(/^Cannot load with-addon from the worker's image: Cannot find module 'with-addon'/),
    expect.stringMatching(/^On worker 2: Error: Cannot find package 'with-addon'/),
    [1, 2],
  ])
})

test("{ code: 'image' } names the first file that differs", async () => {
  await using dir = await withTempDir({ resolvesPackages: true })
  const file = join(dir.path, 'script.ts')
  await writeFile(join(dir.path, 'one.ts'), "export { one } from './deeper.ts'")
  await writeFile(join(dir.path, 'deeper.ts'), 'export const one = () => 1')
  await writeFile(
    file,
    `import { writeFileSync } from 'node:fs'
    import { addProcs, remoteCallFetch } from '@dialback/manager'
    import { one } from './one.ts'
    await addProcs(1, { code: 'image' })
    console.log(await remoteCallFetch(() => one(), 2))
    writeFileSync(new URL('deeper.ts', import.meta.url), 'export const one = () => 2')
    await addProcs(1)
    const error = await remoteCallFetch(() => one(), 3).catch((reason: Error) => reason)
    console.log(error.name + ': ' + error.message)`,
  )

  const { stdout } = await runScript(file, { cwd: dir.path })

  expect(stdout).toBe(
    `1\nVersionMismatchError: The worker's image has another ${join(dir.path, 'deeper.ts')} than the program\n`,
  )
})

test('addProcs() refuses what is no way to get modules', async () => {
  await using cluster = new Cluster()

  // @ts-expect-error It is to be an array.
  await expect(cluster.addProcs(1, { external: 'sharp' })).rejects.toThrow(
    "external must be an array of names of packages: 'sharp'",
  )
  // @ts-expect-error There is no such way.
  expect(() => new Cluster({ code: 'git' })).toThrow("code must be 'ship' or 'image': 'git'")
})
