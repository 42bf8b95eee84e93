import { expect, test } from 'vitest'
import { refusal, unreachable } from '../src/kubernetes/kube-error.ts'
import { patiently } from '../src/submit/patiently.ts'

const request = { verb: 'get', resource: 'pods', namespace: 'team' }

test('patiently() does not wait for what waiting does not change', async () => {
  const error = refusal(request, { httpStatus: 404, status: { message: 'not there' } })
  const told: string[] = []
  const asking = patiently(() => Promise.reject(error), {
    tell: (sentence) => told.push(sentence),
    signal: new AbortController().signal,
  })
  await expect(asking).rejects.toBe(error)
  expect(told).toEqual([])
})

test('patiently() asks on while nobody answers, until its signal fires, and says so once', async () => {
  const told: string[] = []
  const end = new AbortController()
  const asking = patiently(
    () => Promise.reject(unreachable(request, 'https://there', new Error('refused'))),
    {
      tell: (sentence) => {
        told.push(sentence)
        end.abort(new Error('enough'))
      },
      signal: end.signal,
    },
  )
  await expect(asking).rejects.toThrow('enough')
  expect(told).toEqual([expect.stringMatching(/^Cannot get pods: .* \(the Job goes on meanwhile\)$/)])
})
