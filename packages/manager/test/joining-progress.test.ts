import { expect, test } from 'vitest'
import { describeWaiting } from '../src/joining-progress.ts'

type Waiting = Parameters<typeof describeWaiting>[0][number]

const up: Waiting = { hasJoined: true, exit: undefined, isRemoved: false, launched: undefined }
const gone: Waiting = { ...up, hasJoined: false, exit: { reason: 'Error', blame: 'item' } }

function pending(waitingFor: string | undefined, isRemoved = false): Waiting {
  const launched = {
    name: 'w',
    threads: 1,
    exited: new Promise<never>(() => {}),
    waitingFor,
    onLine() {},
    end() {},
    hold() {},
  }
  return { hasJoined: false, exit: undefined, isRemoved, launched }
}

test('describeWaiting() says how many are up and what the others wait for, the commonest first', () => {
  const workers = [
    up,
    up,
    pending('ContainerCreating'),
    pending('Unschedulable: no node'),
    pending('Unschedulable: no node'),
  ]
  expect(describeWaiting(workers)).toBe('2 of 5 up; 3 pending: Unschedulable: no node; ContainerCreating')
})

test.each<[title: string, workers: Waiting[]]>([
  ['all are up', [up, up]],
  ['nothing is known of those that are pending', [up, pending(undefined)]],
  ['the others have ended', [up, gone]],
  ['nobody waits for the others any more', [up, pending('Unschedulable', true)]],
  ['the reason is not worth telling', [up, pending('Pending')]],
])('describeWaiting() says nothing when %s', (_, workers) => {
  expect(describeWaiting(workers, (reason) => reason !== 'Pending')).toBeUndefined()
})
