/** The session of `dialback manifests interactive-session`, attached to from a terminal as its user does. */

import { describe, expect, test } from 'vitest'
import { runScript } from '../support/run-script.ts'
import { commandOnTerminal, type Terminal } from '../support/terminal.ts'
import { kubectl, runKubectl } from './support/kubectl.ts'
import { eventually, hasCluster, TestNamespace } from './support/test-namespace.ts'

const prompt = 'dialback> '
const [ctrlC, ctrlD] = ['\u0003', '\u0004']
const worker = 'interactive-session-\\w+-worker-\\w+'

interface Session extends AsyncDisposable {
  readonly terminal: Terminal
  /** Types a line, and gives what is shown until the next prompt. */
  enter(line: string): Promise<string>
}

/** As docs/kubernetes.md has it: two manifests, and that its pod is ready. */
async function start({ name: namespace }: TestNamespace, options: readonly string[] = []): Promise<void> {
  for (const manifest of [['rbac'], ['interactive-session', ...options]]) {
    const args = ['manifests', ...manifest, '--namespace', namespace]
    const { stdout } = await runScript('packages/manager/src/cli/main.ts', { args })
    runKubectl(['apply', '-f', '-'], stdout)
  }
  const isReady = ['--for=jsonpath={.status.ready}=1', '--timeout=2m']
  runKubectl(['wait', '--namespace', namespace, 'job/interactive-session', ...isReady])
}

/** And kubectl attach. */
async function attach(testNamespace: TestNamespace): Promise<Session> {
  await start(testNamespace)
  const { name: namespace } = testNamespace
  const args = ['attach', '--namespace', namespace, '-it', 'job/interactive-session']
  const terminal = commandOnTerminal(kubectl ?? 'kubectl', { args })
  await terminal.shows("If you don't see a command prompt, try pressing enter.\n")
  await hasItsSize(terminal)
  return {
    terminal,
    enter: async (line) => {
      terminal.type(`${line}\r`)
      await terminal.shows(`${line}\n`)
      return (await terminal.shows(new RegExp(`(^|\\n)${prompt}$`))).slice(0, -prompt.length)
    },
    [Symbol.asyncDispose]: async () => {
      terminal.kill()
      await terminal.ended
    },
  }
}

/** kubectl changes the size twice, at which the prompt is shown anew, whatever goes on there. */
async function hasItsSize(terminal: Terminal): Promise<void> {
  for (let shown = ''; !shown.includes('\n120\n'); ) {
    terminal.type('process.stdout.columns\r')
    shown = await terminal.shows(new RegExp(`\\n(\\d+|undefined)\\n(${prompt})+$`))
  }
}

describe.skipIf(!hasCluster || kubectl === undefined)('the interactive session', { timeout: 300_000 }, () => {
  test('gives workers, says why one does not come and why one is gone, and ends with Ctrl-D', async () => {
    await using namespace = await TestNamespace.create()
    await using session = await attach(namespace)
    const { enter, terminal } = session

    const size = "cpu: 0.2, memory: '300Mi'"
    const added = await enter(`await addProcs(new K8sClusterManager(3, { ${size}, pendingTimeout: 90 }))`)
    const lines = added.trimEnd().split('\n')
    expect(lines.pop()).toBe('[ 2, 3, 4 ]')
    const ups = lines.filter((line) => new RegExp(`^dialback info: ${worker} is up$`).test(line))
    expect(ups).toHaveLength(3)

    expect(await enter('await pmap((x: number) => myid(), Array(nworkers()).fill(0))')).toBe('[ 2, 3, 4 ]\n')

    const pending = await enter(
      "await addProcs(new K8sClusterManager(1, { memory: '1Pi', pendingTimeout: 10 }))",
    )
    expect(pending).toMatch(
      new RegExp(
        `dialback warning: timed out after waiting for worker ${worker} to start for 10 seconds, with status:\n{\n`,
      ),
    )
    const status: unknown = JSON.parse(pending.slice(pending.indexOf('{\n'), pending.lastIndexOf('}') + 1))
    expect(status).toMatchObject({
      conditions: [
        {
          type: 'PodScheduled',
          reason: 'Unschedulable',
          message: expect.stringContaining('Insufficient memory'),
        },
      ],
      phase: 'Pending',
      qosClass: 'Guaranteed',
    })
    expect(pending).toMatch(/\n}\n\[\]\n$/)

    const oom = 'const all = []; for (;;) all.push(Buffer.alloc(10_000_000, 1))'
    expect(await enter(`await everywhere({ oom: () => { ${oom} } })`)).toBe('undefined\n')
    const died = `Worker 4 on pod ${worker} was terminated due to: OOMKilled \\(exit code 137, memory limit 300Mi\\)\n`
    expect(await enter('await remoteCallFetch(() => oom(), workers().at(-1))')).toMatch(
      new RegExp(`^dialback warning: ${died}Uncaught:?\\sWorkerTerminatedError: ${died}`),
    )
    expect(await enter('workers()')).toBe('[ 2, 3 ]\n')

    terminal.type(ctrlD)
    expect(await terminal.ended).toBe(0)
    // Its time to live takes the Job away.
    await eventually('the end of all pods', async () => (await namespace.pods()).length === 0)
    expect(await namespace.left()).toEqual([])
    const { items } = await namespace.batch.listNamespacedJob({ namespace: namespace.name })
    expect(items).toEqual([])
  })

  test('does line by line what it is sent without a terminal, and ends with that', async () => {
    await using namespace = await TestNamespace.create()
    const size = "cpu: 0.1, memory: '300Mi', pendingTimeout: 90"
    const lines = [
      `await addProcs(new K8sClusterManager(2, { ${size} }))`,
      'await remoteCallFetch(() => process.exit(3), 3)',
      'await pmap((x: number) => [x, myid()], [1])',
    ]
    await start(namespace, ['--no-tty'])

    const args = ['attach', '--namespace', namespace.name, '-i', 'job/interactive-session']
    const shown = runKubectl(args, `${lines.join('\n')}\n`)

    expect(shown).toMatch(
      new RegExp(
        `\\[ 2, 3 \\]\ndialback> Uncaught:?\\sWorkerTerminatedError: Worker 3 on pod ${worker} was terminated due to: Error \\(exit code 3.*\\)\n.*\ndialback> \\[ \\[ 1, 2 \\] \\]\ndialback> $`,
      ),
    )
    await eventually('the end of all pods', async () => (await namespace.pods()).length === 0)
    expect(await namespace.left()).toEqual([])
  })

  test('stops what runs on the workers at Ctrl-C, and goes on', async () => {
    await using namespace = await TestNamespace.create()
    await using session = await attach(namespace)
    const { enter, terminal } = session
    const size = "cpu: 0.1, memory: '300Mi'"
    const added = await enter(`await addProcs(new K8sClusterManager(2, { ${size}, pendingTimeout: 90 }))`)
    expect(added).toMatch(/\n\[ 2, 3 \]\n$/)

    const busy = "await remoteCallFetch(() => { console.log('it runs'); for (;;); }, 2)"
    terminal.type(`${busy}\r`)
    await terminal.shows('From worker 2:\tit runs\n')
    terminal.type(ctrlC)
    const interrupted = await terminal.shows(new RegExp(`\\n${prompt}$`))

    expect(interrupted).toMatch(/Uncaught:?\sRemoteError: On worker 2: AbortError: Interrupted\n/)
    expect(await enter('await pmap((x: number) => [x, myid()], [1, 2])')).toBe('[ [ 1, 2 ], [ 2, 3 ] ]\n')
    expect(await enter('await remoteCallFetch(() => process.ppid, 2)')).toBe('0\n')
  })
})
