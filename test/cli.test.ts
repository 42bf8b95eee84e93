import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { dialback, main } from './support/dialback-command.ts'
import { root, runScript } from './support/run-script.ts'
import { withTempDir } from './support/temp-dir.ts'

test('dialback ends quietly when nobody reads its output any more', async () => {
  const child = spawn(process.execPath, [main, '--help'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()

  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])

  expect({ stderr, code }).toEqual({ stderr: '', code: 141 })
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

test.runIf(existsSync('/dev/full'))('dialback says when its output cannot be written', async () => {
  const child = spawn('sh', ['-c', '"$0" "$1" completion bash > /dev/full', process.execPath, main], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  })

  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])

  const sentence = 'error: Cannot write to standard output: ENOSPC: no space left on device, write\n'
  expect({ stderr, code }).toEqual({ stderr: sentence, code: 1 })
})
