import { expect, test } from 'vitest'
import { run, startRun } from './support/dialback-command.ts'
import { processesLeft } from './support/processes.ts'

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
