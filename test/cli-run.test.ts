import { spawn } from 'node:child_process'
import { constants, existsSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { dialback, main, run } from './support/dialback-command.ts'
import { root, runScript } from './support/run-script.ts'
import { withTempDir } from './support/temp-dir.ts'

const countWorkers =
  "import { nworkers, workers } from '@dialback/manager'\nconsole.log(nworkers(), ...workers())"

test('dialback run adds the workers before the first line of the script', async () => {
  const end = await run({ 'script.ts': countWorkers }, ['script.ts', '-n', '3'])

  expect(end).toMatchObject({ code: 0, stdout: '3 2 3 4\n' })
})

test('dialback run -n 0 adds no workers', async () => {
  const end = await run({ 'script.mjs': countWorkers }, ['-n', '0', 'script.mjs'])

  expect(end).toMatchObject({ code: 0, stdout: '1 1\n', stderr: '' })
})

test('dialback run calls functions on its workers', async () => {
  const script = `import { pmap } from '@dialback/manager'
    const base: number = 40
    console.log(await pmap((n) => base + n, [1, 2]))`

  const end = await run({ 'script.ts': script }, ['script.ts', '-n', '2'])

  expect(end).toMatchObject({ code: 0, stdout: '[ 41, 42 ]\n' })
})

test('dialback run gives the script its arguments, input, main module and exit code, and nothing of its own', async () => {
  const script = `
    import { text } from 'node:stream/consumers'
    const { argv, execArgv, env } = process
    console.log(JSON.stringify([argv.slice(2), execArgv, Object.keys(env).filter((name) => /dialback(?!_TEST)/i.test(name))]))
    console.log(argv[1] === import.meta.filename, import.meta.main, await text(process.stdin))
    process.exitCode = 9`

  const end = await run({ 'script.ts': script }, ['script.ts', '-n', '1', '--', '--size', '3 4', '-n', '5'], {
    input: 'in',
  })

  expect(end).toMatchObject({ code: 9, stdout: '[["--size","3 4","-n","5"],[],[]]\ntrue true in\n' })
})

test('dialback run adds no workers in the threads and forks of the script', async () => {
  const script = `
    import { fork } from 'node:child_process'
    import { Worker } from 'node:worker_threads'
    if (process.argv[2] === 'again') console.log('fork', process.execArgv.length)
    else {
      new Worker('console.log("thread")', { eval: true })
        .on('exit', () => fork(import.meta.filename, ['again']))
    }`

  const end = await run({ 'script.mjs': script }, ['script.mjs', '-n', '1'])

  expect(end).toMatchObject({ code: 0, stdout: 'thread\nfork 0\n', stderr: 'dialback info: local-2 is up\n' })
})

const enumScript = `
  import { nworkers, remoteCallFetch } from '@dialback/manager'
  enum Size { small = 3, big = 7 }
  remoteCallFetch((n: number) => n + 1, 2, Size.small).then((n) => {
    console.log(nworkers(), n)
    process.exit(Size.big)
  })`

test.each([
  ['an ECMAScript module', { 'script.ts': enumScript }],
  ['a CommonJS module', { 'script.cts': enumScript }],
  ['a script in a directory without a package type', { 'script.ts': enumScript, 'package.json': '{}' }],
])('dialback run runs %s with an enum, by tsx', async (_, files) => {
  const end = await run(files, [Object.keys(files)[0] ?? '', '-n', '2'])

  expect(end).toMatchObject({ code: 7, stdout: '2 4\n' })
})

test('dialback run runs a script by tsx where there is no place for temporary files', async () => {
  const env = { TMPDIR: '/dev/null/tmp' }
  const end = await run({ 'script.ts': enumScript }, ['script.ts', '-n', '2'], { env })

  expect(end).toMatchObject({ code: 7, stdout: '2 4\n' })
})

test('dialback run follows the paths of a tsconfig.json that is not in the current directory', async () => {
  const files = {
    'app/script.ts': "import { b } from '@lib/b'\nconsole.log(b)",
    'app/lib/b.ts': 'export const b = 5',
    'app/tsconfig.json': '{ "compilerOptions": { "paths": { "@lib/*": ["./lib/*"] } } }',
  }

  const end = await run(files, ['app/script.ts', '-n', '0'])

  expect(end).toMatchObject({ code: 0, stdout: '5\n', stderr: '' })
})

test('dialback run --tsx runs by tsx what Node could run as well', async () => {
  const end = await run({ 'script.ts': 'console.log(process.execArgv.join())' }, [
    'script.ts',
    '--tsx',
    '-n',
    '0',
  ])

  expect(end.stdout).toMatch(/^--import,file:.*\/tsx\/.*\n$/)
})

const addsProcs = `import { addProcs } from '@dialback/manager'
  console.log(await addProcs(), await addProcs(), await addProcs(1))`

test('addProcs() without arguments in a script of dialback run gives the workers of the command line', async () => {
  const end = await run({ 'script.ts': addsProcs }, ['script.ts', '-n', '1'])

  expect(end).toMatchObject({ code: 0, stdout: '[ 2 ] [ 3 ] [ 4 ]\n' })
})

test('dialback run and addProcs() take DIALBACK_WORKERS when the command line says nothing', async () => {
  const env = { DIALBACK_WORKERS: '2' }
  await using dir = await withTempDir({ resolvesPackages: true })
  const script = join(dir.path, 'script.ts')
  await writeFile(script, "import { addProcs } from '@dialback/manager'\nconsole.log(await addProcs())")

  expect(await runScript(script, { env })).toMatchObject({ code: 0, stdout: '[ 2, 3 ]\n' })
  expect(await runScript(main, { args: ['run', script], env })).toMatchObject({
    code: 0,
    stdout: '[ 2, 3 ]\n',
  })
  expect(await runScript(main, { args: ['run', script, '-n', '1'], env })).toMatchObject({
    stdout: '[ 2 ]\n',
  })
})

test.each([
  ['DIALBACK_WORKERS', 'many'],
  ['DIALBACK_K8S', 'maybe'],
])('dialback run refuses a bad value of %s as it does one of an option', async (name, value) => {
  await using dir = await withTempDir({ resolvesPackages: true })
  await writeFile(join(dir.path, 'script.ts'), 'console.log("ran")')

  const end = await runScript(main, { args: ['run', join(dir.path, 'script.ts')], env: { [name]: value } })

  expect(end).toMatchObject({ code: 2, stdout: '' })
  expect(end.stderr).toContain(name)
  expect(end.stderr).toContain(`'${value}'`)
})

test('dialback run --inspect-port opens the inspector, with which functions still travel', async () => {
  const script = `import { pmap } from '@dialback/manager'
    const base = 40
    console.log(await pmap((n: number) => base + n, [1, 2]))`

  const end = await run({ 'script.ts': script }, ['script.ts', '-n', '1', '--inspect-port', '127.0.0.1:0'])

  expect(end).toMatchObject({ code: 0, stdout: '[ 41, 42 ]\n' })
  expect(end.stderr).toContain('Debugger listening on ws://127.0.0.1:')
})

test('dialback run takes a script that no package.json is above, as one in an image', async () => {
  await using dir = await withTempDir()
  await mkdir(join(dir.path, 'node_modules'))
  await symlink(join(root, 'node_modules/@dialback'), join(dir.path, 'node_modules/@dialback'))
  await writeFile(join(dir.path, 'script.ts'), countWorkers)
  await writeFile(join(dir.path, 'script.cjs'), "console.log(require('@dialback/manager').nworkers())")

  const end = await runScript(main, { args: ['run', join(dir.path, 'script.ts'), '-n', '1'] })
  const commonJsEnd = await runScript(main, { args: ['run', join(dir.path, 'script.cjs'), '-n', '1'] })

  expect(end).toMatchObject({ code: 0, stdout: '1 2\n' })
  expect(commonJsEnd).toMatchObject({ code: 0, stdout: '1\n' })
})

test.runIf(existsSync('/proc/self/fdinfo'))(
  'dialback run leaves pipes that others have too as they were',
  async () => {
    await using dir = await withTempDir({ resolvesPackages: true })
    await writeFile(join(dir.path, 'script.mjs'), '')
    const command =
      '"$0" "$1" run script.mjs -n 0; cat /proc/self/fdinfo/0 /proc/self/fdinfo/1 /proc/self/fdinfo/2'
    const child = spawn('sh', ['-c', command, process.execPath, join(root, main)], {
      cwd: dir.path,
      stdio: 'pipe',
    })

    const flags = (await text(child.stdout)).matchAll(/^flags:\s*(\d+)$/gm)

    expect([...flags].map(([, octal = '']) => Number.parseInt(octal, 8) & constants.O_NONBLOCK)).toEqual([
      0, 0, 0,
    ])
  },
)

test('dialback run gives a script that is a link the package that the script itself imports', async () => {
  await using dir = await withTempDir({ resolvesPackages: true })
  const own = join(dir.path, 'own')
  const installed = join(own, 'node_modules/@dialback/manager')
  await mkdir(installed, { recursive: true })
  await writeFile(join(installed, 'package.json'), '{ "type": "module", "exports": "./index.js" }')
  const source = 'export class DialbackError {}\nexport const addProcs = () => [console.log("asked")]'
  await writeFile(join(installed, 'index.js'), source)
  await writeFile(join(own, 'script.mjs'), 'console.log(process.argv[1])')
  const link = join(dir.path, 'link.mjs')
  await symlink('own/script.mjs', link)

  expect(await dialback('run', link, '-n', '1')).toMatchObject({
    code: 0,
    stdout: `asked\n${link}\n`,
    stderr: '',
  })
})

test('dialback takes an empty variable for none', async () => {
  const env = { DIALBACK_WORKERS: '', DIALBACK_K8S: '', DIALBACK_CPU: '', DIALBACK_NAMESPACE: '' }

  const session = await runScript(main, { args: ['repl'], env, input: 'nworkers()\n' })
  const manifests = await runScript(main, { args: ['manifests'], env: { ...env, KUBECONFIG: '/dev/null' } })

  expect(session).toMatchObject({ code: 0, stdout: 'dialback> 1\ndialback> ', stderr: '' })
  expect(manifests).toMatchObject({ code: 0, stderr: '' })
  expect(manifests.stdout).toContain('namespace: default\n')
})
