import type { V1ContainerState } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { podWaiting } from '../src/kubernetes/pod-waiting.ts'
import { pod, terminated } from './pods.ts'

const waiting = (reason: string, message?: string): V1ContainerState => ({
  waiting: { reason, ...(message !== undefined && { message }) },
})

const absentHere =
  'failed to pull and unpack image "localhost/nope:1": failed to do request: Head "http://localhost/v2/nope/manifests/1": dial tcp 127.0.0.1:80: connect: connection refused'
const refused =
  'failed to pull and unpack image "localhost:5000/nope:1": failed to do request: Head "http://localhost:5000/v2/nope/manifests/1": dial tcp 127.0.0.1:5000: connect: connection refused'
const notFound =
  'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nope:1": failed to resolve reference: docker.io/library/nope:1: not found'
const denied =
  'Back-off pulling image "ghcr.io/a/b:1": ErrImagePull: failed to authorize: failed to fetch anonymous token: unexpected status: 403 Forbidden'
const busy = 'toomanyrequests: You have reached your unauthenticated pull rate limit'

test.each([
  ['InvalidImageName', 'couldn\'t parse image name "UPPER/Bad Image"', true],
  ['ErrImageNeverPull', 'Container image "localhost/nope:1" is not present with pull policy of Never', true],
  ['CreateContainerConfigError', 'secret "nope" not found', true],
  ['CreateContainerConfigError', "couldn't find key b in ConfigMap team/settings", true],
  ['CreateContainerConfigError', 'failed to sync secret cache: timed out waiting for the condition', false],
  ['CreateContainerError', 'failed to generate container spec', true],
  ['CreateContainerError', 'context deadline exceeded', false],
  ['RunContainerError', 'failed to start', true],
  ['ErrImagePull', notFound, true],
  ['ImagePullBackOff', denied, true],
  ['ErrImagePull', absentHere, true],
  ['ImagePullBackOff', `Back-off pulling image "localhost/nope:1": ErrImagePull: ${absentHere}`, true],
  ['ErrImagePull', refused, false],
  ['ErrImagePull', busy, false],
  ['ImagePullBackOff', 'Back-off pulling image "nope:1"', false],
  ['RegistryUnavailable', 'registry is unavailable', false],
  ['CrashLoopBackOff', 'back-off 10s restarting failed container=proxy pod=w-1_team(uid-1)', false],
])('podWaiting() of %s (%s): permanent is %s', (reason, message, isPermanent) => {
  const pending = pod({ phase: 'Pending', state: waiting(reason, message) })
  expect(podWaiting(pending)).toEqual({ phase: 'Pending', reason, message, isPermanent })
})

test('podWaiting() gives the words of a container that is being made', () => {
  expect(podWaiting(pod({ phase: 'Pending', state: waiting('ContainerCreating') }))).toEqual({
    phase: 'Pending',
    reason: 'ContainerCreating',
    isPermanent: false,
  })
})

test.each([
  ['Unschedulable', '0/1 nodes are available: 1 Insufficient memory.'],
  ['SchedulingGated', 'Scheduling is blocked due to non-empty scheduling gates'],
])('podWaiting() of %s says why and goes on waiting', (reason, message) => {
  const conditions = [{ type: 'PodScheduled', status: 'False', reason, message }]
  expect(podWaiting(pod({ phase: 'Pending', conditions }))).toEqual({
    phase: 'Pending',
    reason,
    message,
    isPermanent: false,
  })
})

test('podWaiting() tells the init container that holds up the worker', () => {
  const held = pod({
    phase: 'Pending',
    state: waiting('PodInitializing'),
    status: {
      initContainerStatuses: [
        {
          name: 'setup',
          image: '',
          imageID: '',
          ready: false,
          restartCount: 0,
          state: waiting('ErrImageNeverPull', 'absent'),
        },
      ],
    },
  })
  expect(podWaiting(held)).toEqual({
    phase: 'Pending',
    reason: 'ErrImageNeverPull',
    message: 'absent',
    isPermanent: true,
  })
})

test.each(['Failed', 'Succeeded'])('podWaiting() does not wait for a pod that is %s', (phase) => {
  expect(podWaiting(pod({ phase, state: terminated('Error', 3) }))).toEqual({ phase, isPermanent: true })
})

test('podWaiting() does not wait for a pod that is being deleted', () => {
  expect(podWaiting(pod({ phase: 'Pending', isBeingDeleted: true }))).toMatchObject({
    reason: 'Deleted',
    isPermanent: true,
  })
})

test('podWaiting() gives the reason of the pod itself before it has containers', () => {
  const status = { reason: 'FailedCreate', message: 'exceeded quota' }
  expect(podWaiting({ status: { phase: 'Pending', ...status } })).toEqual({
    phase: 'Pending',
    ...status,
    isPermanent: false,
  })
})

test('podWaiting() of a pod that runs, and of one without a status', () => {
  expect(podWaiting(pod({ state: { running: {} } }))).toEqual({ phase: 'Running', isPermanent: false })
  expect(podWaiting({})).toEqual({ phase: 'Unknown', isPermanent: false })
})
