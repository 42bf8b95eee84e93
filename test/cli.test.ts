import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { constants, existsSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { processesLeft, testIdVariable } from './support/processes.ts'
import {
  type RunningScript,
  root,
  runScript,
  type ScriptEnd,
  type ScriptOptions,
  startScript,
} from './support/run-script.ts'
import { withTempDir } from './support/temp-dir.ts'

const main = 'packages/manager/src/cli/main.ts'

const dialback = async (...args: string[]): Promise<ScriptEnd> => await runScript(main, { args })

/** Starts `dialback run NAME …ARGS` among `files`. */
async function startRun(
  files: Readonly<Record<string, string>>,
  args: readonly string[],
  options: ScriptOptions = {},
) {
  const dir = await withTempDir({ resolvesPackages: true })
  for (const [name, source] of Object.entries(files)) {
    await mkdir(join(dir.path, name, '..'), { recursive: true })
    await writeFile(join(dir.path, name), source)
  }
  const testId = randomUUID()
  const running: RunningScript = startScript(main, {
    cwd: dir.path,
    args: ['run', ...args],
    ...options,
    env: { [testIdVariable]: testId, ...options.env },
  })
  return { running, testId, dir, [Symbol.asyncDispose]: async () => await dir[Symbol.asyncDispose]() }
}

/** Runs it to its end, after which nothing of it is left. */
async function run(
  files: Readonly<Record<string, string>>,
  args: readonly string[],
  options: ScriptOptions = {},
): Promise<ScriptEnd> {
  await using started = await startRun(files, args, options)
  const end = await started.running.ended
  expect(await processesLeft(started.testId)).toEqual([])
  return end
}

const countWorkers =
  "import { nworkers, workers } from '@dialback/manager'\nconsole.log(nworkers(), ...workers())"

test('dialback ends quietly when nobody reads its output any more', async () => {
  const child = spawn(process.execPath, [main, '--help'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()

  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])

  expect({ stderr, code }).toEqual({ stderr: '', code: 141 })
})

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

test('dialback run passes on a signal that the script handles', async () => {
  const script =
    "process.on('SIGTERM', () => process.exit(5))\nsetInterval(() => {}, 1000)\nconsole.log('ready')"
  await using started = await startRun({ 'script.ts': script }, ['script.ts', '-n', '2'])
  await started.running.wrote('ready')

  started.running.kill('SIGTERM')

  expect(await started.running.ended).toMatchObject({ code: 5, signal: null })
  expect(await processesLeft(started.testId)).toEqual([])
})

test('dialback run ends by a signal that the script does not handle, and its workers with it', async () => {
  await using started = await startRun({ 'script.ts': "setInterval(() => {}, 1000)\nconsole.log('ready')" }, [
    'script.ts',
    '-n',
    '2',
  ])
  await started.running.wrote('ready')

  started.running.kill('SIGINT')

  expect(await started.running.ended).toMatchObject({ code: null, signal: 'SIGINT' })
  expect(await processesLeft(started.testId)).toEqual([])
})

test("dialback run shows a script's own error and exits with its code", async () => {
  const end = await run({ 'script.ts': "const a: string = 'no luck'\nthrow new Error(a)" }, [
    'script.ts',
    '-n',
    '1',
  ])

  expect(end.code).toBe(1)
  expect(end.stderr).toMatch(/script\.ts:2\n[^]*Error: no luck\n +at [^]*script\.ts:2:7/)
})

test('dialback run shows in short what a script did not catch of ours, and all of it with --verbose', async () => {
  const files = {
    'script.ts': `import { remoteCallFetch } from '@dialback/manager'
function check(n: number) { throw Object.assign(new Error('it is odd'), { n }) }
await remoteCallFetch(check, 2, 7)`,
  }

  const brief = await run(files, ['script.ts', '-n', '1'])
  const whole = await run(files, ['script.ts', '-n', '1', '--verbose'])

  expect(brief.code).toBe(1)
  expect(brief.stderr.replaceAll(/\(file:.*\//g, '(')).toBe(
    'dialback info: local-2 is up\nUncaught RemoteError: On worker 2: Error: it is odd\n' +
      '    at check (script.ts:2:49) {\n  n: 7\n}\n(--verbose shows all that is known of it)\n',
  )
  expect(whole.code).toBe(1)
  expect(whole.stderr).toContain("code: 'REMOTE',\n  workerId: 2,\n  [cause]: Error: it is odd\n")
})

test("dialback run leaves an error to the script's own listener", async () => {
  const script = `import { pmap } from '@dialback/manager'
process.on('uncaughtException', (error) => { console.log(error.name); process.exit(6) })
await pmap(() => { throw new Error('no') }, [1])`

  expect(await run({ 'script.ts': script }, ['script.ts', '-n', '1'])).toMatchObject({
    code: 6,
    stdout: 'RemoteError\n',
    stderr: 'dialback info: local-2 is up\n',
  })
})

test.each([
  [['run', 'nowhere.ts'], "error: cannot find script 'nowhere.ts'\n"],
  [['run', 'docs'], "error: cannot find script 'docs'\n"],
  [['run'], "error: missing required argument 'script'\n"],
  [['run', 'a.ts', '--wokers', '3'], "error: unknown option '--wokers'\n(Did you mean --workers?)\n"],
  [
    ['run', 'docs/cli.md', '--cpu', '2'],
    "error: option '--cpu <quantity>' is for pods, and these workers are local: give --k8s too\n",
  ],
  [['run', 'a.ts', '-n', '1.5'], "argument '1.5' is invalid. It must be a whole number of at least 0.\n"],
  [['run', 'a.ts', '-n', 'many'], "argument 'many' is invalid. It must be a whole number of at least 0.\n"],
  [['rum', 'a.ts'], "error: unknown command 'rum'\n(Did you mean run?)\n"],
  [['run', 'docs/cli.md', '--k8s', '--cpu', 'two'], 'error: cpu must be a Kubernetes quantity'],
  [
    ['repl', '--k8s', '--namespace', 'A_B'],
    "namespace must be a name that Kubernetes takes (a-z, 0-9 and -, at most 63): 'A_B'\n",
  ],
  [
    ['manifests', 'rbac', '--namespace', 'A_B'],
    "argument 'A_B' is invalid. It must be a name that Kubernetes takes",
  ],
  [
    ['manifests', 'interactive-session', '--image', ''],
    "argument '' is invalid. It must be the name of an image",
  ],
  [['manifests', 'rback'], "error: unknown command 'rback'\n(Did you mean rbac?)\n"],
  [['gc', '--namespace', 'a/b'], "argument 'a/b' is invalid. It must be a name that Kubernetes takes"],
  [['gc', '--all-namespace'], "error: unknown option '--all-namespace'\n(Did you mean --all-namespaces?)\n"],
  [['doctor', '--memory', '4 GB'], 'error: memory must be a Kubernetes quantity'],
  [['submit', 'docs/cli.md', '--image', ' '], "argument ' ' is invalid. It must be the name of an image"],
  [['doctor', '--timeout', '1.5'], "argument '1.5' is invalid. It must be a duration"],
  [['doctor', '--timeout', '5x'], "argument '5x' is invalid. It must be a duration"],
  [
    ['doctor', '--connection', 'tunel'],
    "argument 'tunel' is invalid. Allowed choices are auto, direct, tunnel.",
  ],
  [['--verson'], "error: unknown option '--verson'\n(Did you mean --version?)\n"],
])('dialback %j is refused with a sentence', async (args, sentence) => {
  const { code, stdout, stderr } = await dialback(...args)

  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(sentence)
  expect(stderr).not.toMatch(/^ +at /m)
})

test('dialback --version gives the version and --help examples', async () => {
  expect(await dialback('--version')).toMatchObject({ code: 0, stdout: '0.1.0\n', stderr: '' })
  expect((await dialback('--help')).stdout).toContain('$ dialback run simulate.ts -n 4 -- --steps 1000\n')
  expect((await dialback('run', '--help')).stdout).toContain('$ dialback run simulate.ts -n 4 ')
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

test('dialback manifests prints for the namespace of the kubeconfig, of the command line, or default', async () => {
  await using dir = await withTempDir()
  const config = join(dir.path, 'config')
  const context = '{ name: a, context: { cluster: a, namespace: team } }'
  const cluster = '{ name: a, cluster: { server: https://192.0.2.1 } }'
  await writeFile(config, `current-context: a\ncontexts: [${context}]\nclusters: [${cluster}]\n`)
  const namespaceOf = async (path: string, ...args: string[]): Promise<string | undefined> => {
    const options = { args: ['manifests', 'interactive-session', ...args], env: { KUBECONFIG: path } }
    const { stdout } = await runScript(main, options)
    return /^ {2}namespace: (.*)$/m.exec(stdout)?.[1]
  }

  expect(await namespaceOf(config)).toBe('team')
  expect(await namespaceOf(config, '--namespace', 'other')).toBe('other')
  expect(await namespaceOf(join(dir.path, 'nowhere'))).toBe('default')
})

test('dialback manifests without a name prints all, in the order in which a cluster takes them', async () => {
  const { code, stdout, stderr } = await dialback('manifests', '--namespace', '123')

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout.match(/(?<=^kind: ).*/gm)).toEqual(['ServiceAccount', 'Role', 'RoleBinding', 'Job'])
  // As texts, not numbers.
  expect(new Set(stdout.match(/(?<=^ +namespace: ).*/gm))).toEqual(new Set(["'123'"]))
})

test('dialback doctor takes a number as seconds, as the API does', async () => {
  const args = ['doctor', '--timeout', '60']
  const { code, stdout } = await runScript(main, { args, env: { KUBECONFIG: '/nowhere' } })

  expect(code).toBe(1)
  expect(stdout).toContain('there is no file /nowhere')
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

test.runIf(existsSync('/dev/full'))('dialback says when its output cannot be written', async () => {
  const child = spawn('sh', ['-c', '"$0" "$1" completion bash > /dev/full', process.execPath, main], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  })

  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])

  const sentence = 'error: Cannot write to standard output: ENOSPC: no space left on device, write\n'
  expect({ stderr, code }).toEqual({ stderr: sentence, code: 1 })
})

test('dialback takes an empty variable for none', async () => {
  const env = { DIALBACK_WORKERS: '', DIALBACK_K8S: '', DIALBACK_CPU: '', DIALBACK_NAMESPACE: '' }

  const session = await runScript(main, { args: ['repl'], env, input: 'nworkers()\n' })
  const manifests = await runScript(main, { args: ['manifests'], env: { ...env, KUBECONFIG: '/dev/null' } })

  expect(session).toMatchObject({ code: 0, stdout: 'dialback> 1\ndialback> ', stderr: '' })
  expect(manifests).toMatchObject({ code: 0, stderr: '' })
  expect(manifests.stdout).toContain('namespace: default\n')
})
