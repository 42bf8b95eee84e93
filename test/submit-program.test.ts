/** A program on its way into a pod: what is packed here is what runs there. */

import { once } from 'node:events'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadAllYaml } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { freePort } from './kubernetes/support/free-port.ts'
import { root, runScript, type ScriptOptions, startScript } from './support/run-script.ts'
import { withTempDir } from './support/temp-dir.ts'

const main = 'packages/manager/src/cli/main.ts'

/** A program with what is hard to carry: a package behind a link, one in CommonJS, a file of its own elsewhere. */
const files = {
  'app/main.ts': `import { double } from '../lib/double.ts'
import { three } from 'three'
import four from 'four'
import { nprocs } from '@dialback/manager'
const later = (await import('./later.ts')).later
console.log(double(1), three, four, later, nprocs(), process.argv.slice(2).join(), process.cwd().split('/').at(-1))`,
  'app/later.ts': 'export const later: number = 5',
  'app/package.json': '{ "type": "module" }',
  'lib/double.ts': 'export const double = (n: number): number => 2 * n',
  'store/three/esm/index.js': 'export { three } from "./three.js"',
  'store/three/esm/three.js': 'export const three = 3',
  'store/three/package.json': '{ "type": "module", "exports": { ".": { "import": "./esm/index.js" } } }',
  'app/node_modules/four/lib/four.js': 'module.exports = 4',
  'app/node_modules/four/package.json': '{ "main": "lib/four" }',
}

/** What `dialback submit --dry-run` of it has for the pod. */
async function submitted(directory: string, ...args: string[]): Promise<Record<string, string>> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true })
    await writeFile(join(directory, name), text)
  }
  await symlink(join(directory, 'store/three'), join(directory, 'app/node_modules/three'))
  const { code, stdout, stderr } = await runScript(main, {
    cwd: join(directory, 'app'),
    args: ['submit', 'main.ts', '--dry-run', '--namespace', 'team', ...args],
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const objects = loadAllYaml(stdout) as { kind: string; data: object; binaryData: object; spec: unknown }[]
  const map = objects.find(({ kind }) => kind === 'ConfigMap')
  return { ...map?.data, ...map?.binaryData, ...environmentOf(objects.at(-1)?.spec) }
}

/** Of the only container of a Job. */
function environmentOf(spec: unknown): Record<string, string> {
  const { template } = spec as {
    template: { spec: { containers: { env: { name: string; value: string }[] }[] } }
  }
  return Object.fromEntries(template.spec.containers[0]?.env.map(({ name, value }) => [name, value]) ?? [])
}

/** As in the pod, but in another directory: there the image has @dialback/manager and the command. */
async function starter(
  given: Record<string, string>,
  directory: string,
  env: Record<string, string | undefined>,
): Promise<{ readonly path: string; readonly options: ScriptOptions }> {
  const path = join(directory, 'start.mjs')
  const place = join(directory, 'program')
  await writeFile(path, given['start.mjs'] ?? '')
  await writeFile(join(directory, 'packed'), Buffer.from(given['program'] ?? '', 'base64'))
  const ours = Object.entries(given).filter(([name]) => name.startsWith('DIALBACK_PROGRAM_'))
  return {
    path,
    options: {
      args: ['a', 'b'],
      env: {
        ...Object.fromEntries(ours),
        PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`,
        DIALBACK_WORKERS: '0',
        DIALBACK_PROGRAM_DIRECTORY: place,
        DIALBACK_PROGRAM_FILE: join(directory, 'packed'),
        ...env,
      },
    },
  }
}

test('dialback submit packs a program that runs where it is unpacked', async () => {
  await using source = await withTempDir()
  await using target = await withTempDir({ resolvesPackages: true })
  const { path, options } = await starter(await submitted(source.path), target.path, {})

  const end = await runScript(path, options)

  expect(end).toMatchObject({ code: 0, stdout: '2 3 4 5 1 a,b app\n', stderr: '' })
})

test('dialback submit starts no other program than the one that was submitted', async () => {
  await using source = await withTempDir()
  await using target = await withTempDir({ resolvesPackages: true })
  const given = await submitted(source.path)
  const program = Buffer.from('another one').toString('base64')
  const { path, options } = await starter({ ...given, program }, target.path, {})

  const end = await runScript(path, options)

  expect(end).toMatchObject({ code: 1, stdout: '' })
  expect(end.stderr).toContain('packed is not the program that was submitted')
})

test('dialback submit has a program brought, and takes no other one', async () => {
  await using source = await withTempDir()
  await using target = await withTempDir({ resolvesPackages: true })
  const given = await submitted(source.path)
  const program = Buffer.from(given['program'] ?? '', 'base64')
  const port = await freePort()
  const { path, options } = await starter(given, target.path, {
    DIALBACK_PROGRAM_FILE: undefined,
    DIALBACK_PROGRAM_PORT: String(port),
    DIALBACK_PROGRAM_BYTES: String(program.length),
  })
  const running = startScript(path, options)

  expect(await bring(port, Buffer.alloc(program.length))).toBe('')
  expect(await bring(port, Buffer.concat([program, Buffer.of(0)]))).toBe('')
  expect(await bring(port, program)).toBe('taken\n')

  expect(await running.ended).toMatchObject({ code: 0, stdout: '2 3 4 5 1 a,b app\n' })
})

/** Gives what is answered to it. */
async function bring(port: number, bytes: Buffer): Promise<string> {
  const socket = await connected(port)
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk.toString()
  })
  // Cut off while it is still writing.
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write(bytes)
  await closed
  return answer
}

/** The port is there as soon as Node has started, of which nothing tells. */
async function connected(port: number): Promise<Socket> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return socket
    } catch {
      await sleep(20)
    }
  }
}

test('dialback submit says what it cannot carry', async () => {
  await using dir = await withTempDir()
  await writeFile(join(dir.path, 'main.ts'), "import './not-there.ts'\n")

  const submit = async (...args: string[]) =>
    await runScript(main, { cwd: dir.path, args: ['submit', '--dry-run', '--namespace', 'team', ...args] })

  const unresolved = await submit('main.ts')
  expect(unresolved.code).toBe(1)
  expect(unresolved.stderr).toMatch(
    /^error: Cannot bundle main\.ts: main\.ts:1:7: Could not resolve "\.\/not-there\.ts"\n$/,
  )
  expect(await submit('none.ts')).toMatchObject({ code: 2 })
  expect((await submit('main.ts', '--memory', 'much')).stderr).toContain('It must be a Kubernetes quantity')
  expect((await submit('main.ts', '--env', 'A B=1')).stderr).toContain('It must be NAME=VALUE, or NAME.')
  expect(await submit('main.ts', '--include', '')).toMatchObject({ code: 2, stdout: '' })
  expect((await submit('main.ts', '--name', 'Not a name')).stderr).toContain('It must be a name')
})
