import { expect, test } from 'vitest'
import { podExit } from '../src/kubernetes/pod-exit.ts'
import { type PodParts, pod, terminated } from './pods.ts'

const container = 'worker'

/** What the two lines around V8's own are on Node 24, in a container whose first process it is. */
const heapMessage = `
<--- Last few GCs --->
0[1:0xeba5000]     1558 ms: Mark-Compact (reduce) 18.0 (19.5) -> 18.0 (19.5) MB

FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
----- Native stack trace -----

 1: 0x931db0  [node]
 2: 0x75968e node::OOMErrorHandler(char const*, v8::OOMDetails const&) [node]
`

const crash = `[eval]:1
setTimeout(()=>{throw new TypeError('bad thing')},1500)
                ^

TypeError: bad thing
    at Timeout._onTimeout ([eval]:1:23)

Node.js v24.21.0
`

const startError =
  'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "no-such-command": executable file not found in $PATH: unknown'

const evicted = 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 64Mi. '
const disrupted = (reason: string, message?: string): NonNullable<PodParts['conditions']> => [
  { type: 'DisruptionTarget', reason, ...(message !== undefined && { message }) },
]

interface Row {
  readonly title: string
  readonly parts: PodParts
  readonly reason: string
  readonly blame: string
  readonly detail?: string
  readonly exitCode?: number
  readonly signal?: string
}

const rows: readonly Row[] = [
  {
    title: 'the container was killed for memory',
    parts: { state: terminated('OOMKilled', 137) },
    reason: 'OOMKilled',
    blame: 'item',
    detail: 'exit code 137, memory limit 300Mi',
    exitCode: 137,
    signal: 'SIGKILL',
  },
  {
    title: 'it was killed for memory without a limit: the node ran out',
    parts: { state: terminated('OOMKilled', 137), memory: null },
    reason: 'OOMKilled',
    blame: 'infrastructure',
    detail: 'exit code 137, no memory limit',
    exitCode: 137,
    signal: 'SIGKILL',
  },
  ...[0, 3].map((exitCode) => ({
    title: `a child process was killed for memory, and the worker exited with ${exitCode}`,
    parts: { state: terminated('OOMKilled', exitCode), phase: exitCode === 0 ? 'Succeeded' : 'Failed' },
    reason: 'OOMKilled',
    blame: 'item',
    detail: `exit code ${exitCode}, memory limit 300Mi`,
    exitCode,
  })),
  {
    title: 'it was asked to end long after something was killed for memory',
    parts: { state: terminated('OOMKilled', 143) },
    reason: 'OOMKilled',
    blame: 'unknown',
    detail: 'exit code 143, memory limit 300Mi',
    exitCode: 143,
    signal: 'SIGTERM',
  },
  {
    title: 'a drained pod had once hit its limit',
    parts: { state: terminated('OOMKilled', 143), conditions: disrupted('EvictionByEvictionAPI') },
    reason: 'EvictionByEvictionAPI',
    blame: 'infrastructure',
    exitCode: 143,
    signal: 'SIGTERM',
  },
  {
    title: 'it was killed for memory while it was being preempted',
    parts: { state: terminated('OOMKilled', 137), conditions: disrupted('PreemptionByScheduler') },
    reason: 'OOMKilled',
    blame: 'item',
    detail: 'exit code 137, memory limit 300Mi',
    exitCode: 137,
    signal: 'SIGKILL',
  },
  ...[
    ['PreemptionByScheduler', 'default-scheduler: preempting to accommodate a higher priority pod'],
    ['DeletionByTaintManager', 'Taint manager: deleting due to NoExecute taint'],
    ['EvictionByEvictionAPI', 'Eviction API: evicting'],
    ['DeletionByPodGC', 'PodGC: node no longer exists'],
    ['TerminationByKubelet', 'Pod was terminated in response to imminent node shutdown.'],
  ].flatMap(([reason = '', message = '']) =>
    (
      [
        ['Completed', 0],
        ['Error', 143],
        ['Error', 137],
      ] as const
    ).map(([own, exitCode]) => ({
      title: `${reason}, and it ended as ${own} with ${exitCode}`,
      parts: {
        phase: exitCode === 0 ? 'Succeeded' : 'Failed',
        state: terminated(own, exitCode),
        conditions: disrupted(reason, message),
        isBeingDeleted: true,
      },
      reason,
      blame: 'infrastructure',
      detail: message,
      exitCode,
      ...(exitCode !== 0 && { signal: exitCode === 143 ? 'SIGTERM' : 'SIGKILL' }),
    })),
  ),
  {
    title: 'the node ran out of memory',
    parts: {
      phase: 'Failed',
      state: terminated('Error', 137),
      conditions: disrupted('TerminationByKubelet', evicted),
      status: { reason: 'Evicted', message: evicted },
    },
    reason: 'TerminationByKubelet',
    blame: 'infrastructure',
    detail: evicted,
    exitCode: 137,
    signal: 'SIGKILL',
  },
  {
    title: 'the node ran out of memory, of an older kubelet',
    parts: { phase: 'Failed', status: { reason: 'Evicted', message: evicted } },
    reason: 'Evicted',
    blame: 'infrastructure',
    detail: evicted.trim(),
  },
  {
    title: 'it wrote more to its disk than it may',
    parts: {
      phase: 'Failed',
      state: terminated('Error', 137),
      status: {
        reason: 'Evicted',
        message: 'Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ',
      },
    },
    reason: 'Evicted',
    blame: 'item',
    detail: 'Pod ephemeral local storage usage exceeds the total limit of containers 1Gi.',
    exitCode: 137,
    signal: 'SIGKILL',
  },
  ...(
    [
      ['Terminated', 'Pod was terminated in response to imminent node shutdown.', 'infrastructure'],
      ['Shutdown', 'Pod Node is in progress of shutting down, not admitting any new pods', 'infrastructure'],
      ['NodeShutdown', 'Pod was rejected as the node is shutting down.', 'infrastructure'],
      ['Preempting', 'Preempted in order to admit critical pod', 'infrastructure'],
      ['NodeLost', 'Node n-1 which was running pod w-1 is unresponsive', 'infrastructure'],
      ['UnexpectedAdmissionError', 'Allocate failed due to no healthy devices present', 'infrastructure'],
      [
        'OutOfcpu',
        "Node didn't have enough resource: cpu, requested: 1000, used: 1500, capacity: 2000",
        'infrastructure',
      ],
      ['OutOfmemory', "Node didn't have enough resource: memory", 'infrastructure'],
      ['OutOfpods', "Node didn't have enough resource: pods", 'infrastructure'],
      ['NodeAffinity', 'Predicate NodeAffinity failed', 'infrastructure'],
      ['SomethingNew', 'nobody knows yet', 'unknown'],
    ] as const
  ).map(([reason, message, blame]) => ({
    title: `the pod's status says ${reason}`,
    parts: { phase: 'Failed', status: { reason, message } },
    reason,
    blame,
    detail: message,
  })),
  {
    title: 'its time was over and it ended in order',
    parts: {
      phase: 'Failed',
      state: terminated('Completed', 0),
      status: {
        reason: 'DeadlineExceeded',
        message: 'Pod was active on the node longer than the specified deadline',
      },
    },
    reason: 'DeadlineExceeded',
    blame: 'configuration',
    detail: 'Pod was active on the node longer than the specified deadline',
    exitCode: 0,
  },
  {
    title: 'it ended by itself',
    parts: { state: terminated('Completed', 0) },
    reason: 'Completed',
    blame: 'item',
    detail: 'exit code 0',
    exitCode: 0,
  },
  {
    title: 'it ended by itself with another code',
    parts: { state: terminated('Error', 3, 'bye\n') },
    reason: 'Error',
    blame: 'item',
    detail: 'exit code 3, last output: bye',
    exitCode: 3,
  },
  {
    title: 'something was thrown that nobody caught',
    parts: { state: terminated('Error', 1, crash) },
    reason: 'Error',
    blame: 'item',
    detail: 'exit code 1: TypeError: bad thing',
    exitCode: 1,
  },
  ...(
    [
      [132, 'SIGILL', 'item'],
      [134, 'SIGABRT', 'item'],
      [137, 'SIGKILL', 'unknown'],
      [139, 'SIGSEGV', 'item'],
      [143, 'SIGTERM', 'unknown'],
      [126, undefined, 'configuration'],
      [127, undefined, 'configuration'],
    ] as const
  ).map(([exitCode, signal, blame]) => ({
    title: `it ended with ${exitCode}`,
    parts: { phase: 'Failed', state: terminated('Error', exitCode) },
    reason: 'Error',
    blame,
    detail: `exit code ${exitCode}`,
    exitCode,
    ...(signal && { signal }),
  })),
  ...[134, 139, 133].map((exitCode) => ({
    title: `V8's heap was full, exit code ${exitCode}`,
    parts: { state: terminated('Error', exitCode, heapMessage) },
    reason: 'HeapOutOfMemory',
    blame: 'item',
    detail: `exit code ${exitCode}, memory limit 300Mi`,
    exitCode,
    signal: exitCode === 134 ? 'SIGABRT' : exitCode === 139 ? 'SIGSEGV' : 'SIGTRAP',
  })),
  {
    title: 'the kubelet lost track of the container, and 137 is made up',
    parts: {
      phase: 'Failed',
      state: terminated(
        'ContainerStatusUnknown',
        137,
        'The container could not be located when the pod was terminated',
      ),
    },
    reason: 'ContainerStatusUnknown',
    blame: 'infrastructure',
    detail: 'The container could not be located when the pod was terminated',
  },
  {
    title: 'its command is not there',
    parts: { phase: 'Pending', state: terminated('StartError', 128, startError) },
    reason: 'StartError',
    blame: 'configuration',
    detail: 'exit code 128: exec: "no-such-command": executable file not found in $PATH',
    exitCode: 128,
  },
  {
    title: 'its command cannot be run, of an older runtime',
    parts: { phase: 'Failed', state: terminated('ContainerCannotRun', 127, 'permission denied') },
    reason: 'ContainerCannotRun',
    blame: 'configuration',
    detail: 'exit code 127: permission denied',
    exitCode: 127,
  },
  {
    title: 'somebody deleted the pod and it ended in order',
    parts: { phase: 'Succeeded', state: terminated('Completed', 0), isBeingDeleted: true },
    reason: 'Deleted',
    blame: 'infrastructure',
    detail: 'exit code 0',
    exitCode: 0,
  },
  {
    title: 'somebody deleted the pod and it had to be killed',
    parts: { phase: 'Failed', state: terminated('Error', 137), isBeingDeleted: true },
    reason: 'Deleted',
    blame: 'infrastructure',
    detail: 'exit code 137',
    exitCode: 137,
    signal: 'SIGKILL',
  },
  {
    title: 'it crashed while somebody deleted the pod',
    parts: { phase: 'Failed', state: terminated('Error', 1, crash), isBeingDeleted: true },
    reason: 'Error',
    blame: 'item',
    detail: 'exit code 1: TypeError: bad thing',
    exitCode: 1,
  },
  {
    title: 'an init container failed',
    parts: {
      phase: 'Failed',
      state: { waiting: { reason: 'PodInitializing' } },
      status: {
        initContainerStatuses: [
          {
            name: 'setup',
            image: '',
            imageID: '',
            ready: false,
            restartCount: 0,
            state: terminated('Error', 5),
          },
        ],
      },
    },
    reason: 'Error',
    blame: 'configuration',
    detail: 'init container "setup", exit code 5',
    exitCode: 5,
  },
  {
    title: 'the pod failed and nothing says why',
    parts: { phase: 'Failed' },
    reason: 'Unknown',
    blame: 'unknown',
    detail: 'phase Failed',
  },
  {
    title: 'it runs again after its end, where pods are restarted',
    parts: {
      status: {
        containerStatuses: [
          {
            name: 'worker',
            image: '',
            imageID: '',
            ready: false,
            restartCount: 1,
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: terminated('Error', 3),
          },
        ],
      },
    },
    reason: 'Error',
    blame: 'item',
    detail: 'exit code 3',
    exitCode: 3,
  },
]

test.each(rows)('podExit() says $reason when $title', ({ title: _, parts, ...expected }) => {
  const exit = podExit(pod(parts), { container })
  expect(exit).toMatchObject(expected)
  expect(exit?.exitCode).toBe(expected.exitCode)
  expect(exit?.signal).toBe(expected.signal)
  expect(exit?.pod).toEqual({ name: 'w-1', namespace: 'team', uid: 'uid-1', node: 'n-1' })
  expect(exit?.status).toEqual(pod(parts).status)
})

test.each(rows.filter(({ blame }) => blame !== 'unknown'))(
  'podExit() has one sentence of advice when $title',
  ({ parts }) => {
    expect(podExit(pod(parts), { container })?.advice).toMatch(/^[A-Z].{15,}[^.]$/)
  },
)

test.each<[string, PodParts]>([
  ['it waits', { phase: 'Pending', state: { waiting: { reason: 'ContainerCreating' } } }],
  ['it runs', { state: { running: {} } }],
  ['it runs and is being deleted', { state: { running: {} }, isBeingDeleted: true }],
  [
    'it runs and is about to be preempted',
    { state: { running: {} }, conditions: disrupted('PreemptionByScheduler') },
  ],
  ['there is no status yet', {}],
])('podExit() says nothing as long as %s', (_, parts) => {
  expect(podExit(pod(parts), { container })).toBeUndefined()
})

test("podExit() does not take a sidecar's end for the worker's", () => {
  const running = pod({ state: { running: {} } })
  const [sidecar] = running.status?.containerStatuses ?? []
  if (sidecar) sidecar.state = terminated('OOMKilled', 137)
  expect(podExit(running, { container })).toBeUndefined()
})

test('podExit() ignores a DisruptionTarget that was given up', () => {
  const conditions = [{ type: 'DisruptionTarget', status: 'False', reason: 'PreemptionByScheduler' }]
  expect(podExit(pod({ state: terminated('Error', 3), conditions }), { container })?.reason).toBe('Error')
})

test.each([
  [1, 'exit code 1: the manager is gone: closed (1006)'],
  // Something blocked one of its threads.
  [137, 'exit code 137'],
])(
  'podExit() of one that gave its manager up (exit code %i) blames nothing that ran there',
  (code, detail) => {
    const last = pod({
      phase: 'Failed',
      state: terminated('Error', code, 'the manager is gone: closed (1006)'),
    })
    expect(podExit(last, { container: 'worker' })).toMatchObject({
      reason: 'Error',
      detail,
      blame: 'infrastructure',
    })
  },
)

test("podExit() tells V8's full heap by the log where the status was cut off before it", () => {
  const end = pod({
    state: terminated('Error', 134, ' 9: 0x1b5b5a5 v8::internal::Heap::AllocateRaw [node]\n'),
  })
  const lines = ['FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory']
  expect(podExit(end, { container })?.reason).toBe('Error')
  expect(podExit(end, { container, lines })).toMatchObject({ reason: 'HeapOutOfMemory' })
})

test('podExit() gives the last lines of the log and of the status, each once', () => {
  const end = pod({ state: terminated('Error', 3, 'one\n\ntwo\n') })
  expect(podExit(end, { container, lines: ['none', 'one'] })?.logs).toEqual(['none', 'one', 'two'])
  expect(podExit(end, { container, lines: ['none', 'one', 'two'] })?.logs).toEqual(['none', 'one', 'two'])
  expect(podExit(end, { container })?.logs).toEqual(['one', 'two'])
})
