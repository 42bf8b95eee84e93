import type { KubernetesObject } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import type { KubeApi } from '../src/kubernetes/kube-api.ts'
import { refusal } from '../src/kubernetes/kube-error.ts'
import { RelayService } from '../src/kubernetes/relay-service.ts'

const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'relay', uid: 'uid-1' }

interface Tried {
  readonly address: string | undefined
  /** What was said, and what was deleted. */
  readonly log: string[]
}

async function tryService(answer: () => object): Promise<Tried> {
  const log: string[] = []
  const api = {
    createObject: async () => await Promise.resolve().then(answer),
    deleteObject: (_: string, resource: string, name: string) => {
      log.push(`delete ${resource} ${name}`)
      return Promise.resolve()
    },
  } as unknown as KubeApi
  const logger = { debug() {}, info: (line: string) => log.push(line), warn() {}, error() {} }
  await using service = await RelayService.create(
    { api, logger, namespace: 'team', name: 'relay', session: 'abc' },
    owner,
  )
  return { address: service?.address, log }
}

function withAddress(clusterIP: string | undefined): KubernetesObject {
  return Object.assign({ kind: 'Service' }, { spec: { clusterIP } })
}

test.each([
  ['10.96.0.7', '10.96.0.7:7420'],
  ['fd00::7', '[fd00::7]:7420'],
])('RelayService gives the address of the cluster %s, and is deleted', async (clusterIP, address) => {
  const tried = await tryService(() => withAddress(clusterIP))
  expect(tried).toEqual({ address, log: ['delete services relay-uid-1'] })
})

test('RelayService is done without where the right is missing, or there is no address, which is told', async () => {
  const forbidden = refusal(
    { verb: 'create', resource: 'services', namespace: 'team' },
    { httpStatus: 403, status: { reason: 'Forbidden', message: 'User "me" cannot create services' } },
  )
  const refused = await tryService(() => {
    throw forbidden
  })
  expect(refused).toEqual({
    address: undefined,
    log: [`Workers are lost with the pod of the relay, for want of a Service: ${forbidden.message}`],
  })
  expect((await tryService(() => withAddress(undefined))).address).toBeUndefined()
})
