/** `dialback submit` and what looks after what it started, as a user has them. */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root, runScript, type ScriptEnd } from '../support/run-script.ts'
import { dialback, nothingIsLeft, startDialback, startSubmit } from './support/submitted.ts'
import { eventually, hasCluster, TestNamespace } from './support/test-namespace.ts'

/** The tables of a census that do not tell who did what, and how fast. */
function tablesOf(output: string): string[] {
  return output
    .slice(output.indexOf('\nCensus\n'))
    .trim()
    .split('\n\n')
    .filter((table) => !/^(Workers|Time)\n/.test(table))
}

describe.skipIf(!hasCluster)('dialback submit', { timeout: 600_000 }, () => {
  test('runs the census in the cluster, with the same table and code as here', async () => {
    const directory = join(root, 'node_modules/commander')
    await using submitted = await startSubmit(
      {},
      ['examples/census.ts', '--workers', '2', '--ttl', '1s', '--', '-d', '/node_modules/commander'],
      { cwd: root },
    )
    const here = await runScript('examples/census.ts', { args: ['-w', '2', '-d', directory] })
    const there = await submitted.running.ended

    expect(there).toMatchObject({ code: 0 })
    expect(tablesOf(there.stdout)).toEqual(tablesOf(here.stdout))
    expect(there.stdout).toMatch(/^ {2}on 2 workers/m)
    await nothingIsLeft(submitted.namespace)
  })

  test('gives a script its imports, its arguments, its environment and its workers', async () => {
    const files = {
      'main.ts': `
import { pmap, workers } from '@dialback/manager'
import { Command } from 'commander'
import { readFileSync } from 'node:fs'
import { twice } from './lib/twice.ts'
console.log(JSON.stringify([
  await pmap(twice, [1, 2]), workers(), process.argv.slice(2), process.env['COLOUR'], process.env['PRICE'],
  process.env['PASSWORD'], process.env['user'], new Command('c').name(), readFileSync('data.txt', 'utf8'),
]))`,
      'lib/twice.ts': 'export const twice = (n: number): number => 2 * n',
      'data.txt': 'what no import leads to',
    }
    await using namespace = await TestNamespace.create()
    const secret = { metadata: { name: 'login' }, stringData: { user: 'ann', password: 'secret' } }
    await namespace.core.createNamespacedSecret({ namespace: namespace.name, body: secret })
    const env = ['--env', 'COLOUR', '--env', 'PRICE=$(HOME)=5', '--secret-env', 'PASSWORD=login:password']
    await using submitted = await startSubmit(
      files,
      ['main.ts', '-n', '2', '--include', 'data.txt', ...env, '--env-secret', 'login', '--', '-a', 'b c'],
      { own: namespace, env: { COLOUR: 'blue' } },
    )

    const { code, stdout } = await submitted.running.ended

    const told = ['blue', '$(HOME)=5', 'secret', 'ann', 'c', 'what no import leads to']
    expect(stdout).toContain(`${JSON.stringify([[2, 4], [2, 3], ['-a', 'b c'], ...told])}\n`)
    expect(code).toBe(0)
    // Its Secret is the test's own.
    expect((await namespace.left()).filter((name) => !name.startsWith('main-'))).toEqual([])
  })

  test('ends as the script does: by what it throws, by its code, and when it has used up its memory', async () => {
    await using namespace = await TestNamespace.create()
    const script = `
if (process.argv[2] === 'throw') throw new TypeError('it went wrong')
if (process.argv[2] === 'exit') process.exit(7)
const all: Buffer[] = []
for (;;) all.push(Buffer.alloc(16e6, 1))`
    const end = async (how: string): Promise<ScriptEnd> => {
      const args = ['main.ts', '-n', '0', '--memory', '200Mi', '--ttl', '1s', '--', how]
      await using submitted = await startSubmit({ 'main.ts': script }, args, { own: namespace })
      return await submitted.running.ended
    }

    const [thrown, exited, killed] = [await end('throw'), await end('exit'), await end('oom')]

    expect(thrown.code).toBe(1)
    expect(thrown.stdout).toMatch(/TypeError: it went wrong\n {4}at \S+main\.ts:2:\d+/)
    expect(exited.code).toBe(7)
    expect(killed.code).toBe(137)
    expect(killed.stderr).toMatch(
      /The manager, pod \S+, was terminated due to: OOMKilled \(exit code 137, memory limit 200Mi\)/,
    )
    await nothingIsLeft(namespace)
  })

  test('leaves no workers of a manager that was killed', async () => {
    const script = `process.kill(process.pid, 'SIGKILL')`
    await using submitted = await startSubmit({ 'main.ts': script }, ['main.ts', '-n', '1'])

    const { code, stderr } = await submitted.running.ended

    expect(code).toBe(137)
    expect(stderr).toContain('was terminated due to: Error (exit code 137)')
    await eventually('that only the Job is left', async () => {
      const left = await submitted.namespace.left()
      return left.length === 1 && left[0]?.startsWith('main-') === true
    })
  })

  test('carries what is too large for a ConfigMap to the pod itself', async () => {
    const files = {
      'main.ts': `
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
console.log(createHash('sha256').update(readFileSync('large.bin')).digest('hex').length)`,
      // Nothing that becomes smaller.
      'large.bin': randomBytes(6_000_000),
    }
    await using submitted = await startSubmit(files, ['main.ts', '-n', '0', '--include', 'large.bin'])

    expect(await submitted.running.ended).toMatchObject({ code: 0, stdout: '64\n' })
  })

  test('that is detached is there for ps, logs, attach and cancel', async () => {
    const script = `
console.log('begun')
process.on('SIGTERM', () => { console.log('asked to end'); process.exit(3) })
setInterval(() => {}, 1_000)`
    const detached = ['main.ts', '-n', '0', '--name', 'mine', '--detach']
    await using submitted = await startSubmit({ 'main.ts': script }, detached)
    const { namespace, running } = submitted
    expect(await running.ended).toMatchObject({ code: 0, stdout: 'mine\n' })

    const following = startDialback(namespace, 'logs', '-f', 'mine')
    const attached = startDialback(namespace, 'attach', 'mine')
    await Promise.all([following.wrote('begun\n'), attached.wrote('begun\n')])
    expect(JSON.parse((await dialback(namespace, 'ps', '--json')).stdout)).toMatchObject({
      jobs: [{ name: 'mine', namespace: namespace.name, status: 'Running', script: 'main.ts' }],
    })
    expect((await dialback(namespace, 'logs', 'mine')).stdout).toBe('begun\n')
    expect(await dialback(namespace, 'cancel', 'mine')).toMatchObject({
      code: 0,
      stdout: 'Job mine was stopped.\n',
    })

    expect(await following.ended).toMatchObject({ code: 0, stdout: 'begun\nasked to end\n' })
    expect(await attached.ended).toMatchObject({ code: 143, stdout: 'begun\nasked to end\n' })
    expect((await dialback(namespace, 'ps')).stdout).toMatch(/^NAME.*\nmine {2}Cancelled .* main\.ts\n$/)
    expect((await dialback(namespace, 'cancel', 'mine')).stdout).toBe('Job mine had ended already.\n')
    expect(await namespace.left()).toEqual(['mine'])
  })

  test('is stopped by Ctrl-C, and left running by a second one', async () => {
    const script = `
console.log('begun')
process.on('SIGTERM', () => { console.log('asked to end'); process.exit() })
setInterval(() => {}, 1_000)`
    await using submitted = await startSubmit({ 'main.ts': script }, ['main.ts', '-n', '0', '--name', 'mine'])
    const { namespace, running } = submitted
    await running.wrote('begun\n')

    running.kill('SIGINT')
    await running.wrote('Ctrl-C again leaves it running')
    running.kill('SIGINT')

    const left = await running.ended
    expect(left).toMatchObject({ code: 130, stdout: 'begun\n' })
    expect(left.stderr).toContain(
      `Job mine goes on running; dialback attach mine --namespace ${namespace.name} comes back to it`,
    )
    expect(JSON.parse((await dialback(namespace, 'ps', '--json')).stdout)).toMatchObject({
      jobs: [{ name: 'mine', status: 'Running' }],
    })

    const attached = startDialback(namespace, 'attach', 'mine')
    await attached.wrote('begun\n')
    attached.kill('SIGINT')

    expect(await attached.ended).toMatchObject({ code: 130, stdout: 'begun\nasked to end\n' })
    expect(JSON.parse((await dialback(namespace, 'ps', '--json')).stdout)).toMatchObject({
      jobs: [{ name: 'mine', status: 'Cancelled' }],
    })
  })

  test('says why it waits, and gives up what can never start', async () => {
    await using waiting = await startSubmit({ 'main.ts': '' }, ['main.ts', '--cpu', '900', '--name', 'large'])
    await waiting.running.wrote('It waits: Unschedulable: ')
    const stopped = await dialback(waiting.namespace, 'cancel', 'large')
    expect(stopped).toMatchObject({ code: 0, stdout: 'Job large was stopped.\n' })
    expect(await waiting.running.ended).toMatchObject({ code: 143 })

    await using missing = await startSubmit({ 'main.ts': '' }, ['main.ts', '--env-secret', 'none'])
    const { code, stderr } = await missing.running.ended
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /Cannot start the manager, pod \S+: CreateContainerConfigError: secret "none" not found/,
    )
    await nothingIsLeft(missing.namespace)
  })

  test('runs a script again that fails, as often as it is told', async () => {
    const script = `console.log('try'); process.exit(5)`
    await using submitted = await startSubmit({ 'main.ts': script }, [
      'main.ts',
      '-n',
      '0',
      '--backoff-limit',
      '1',
    ])

    const { code, stdout, stderr } = await submitted.running.ended

    expect(code).toBe(5)
    expect(stdout).toBe('try\ntry\n')
    expect(stderr).toMatch(/Pod \S+ is over; the Job runs it again/)
  })
})
