/** Why a Job has no pod: its controller says it in an event. */

import type { V1Job } from '@kubernetes/client-node'
import type { KubeApi, Waiting } from './kube-api.ts'
import { KubeError } from './kube-error.ts'

/** Undefined where nothing is said, and for those who may not read events. @throws the reason of the signal */
export async function whyNoPod(
  api: KubeApi,
  { metadata }: V1Job,
  options: Waiting = {},
): Promise<string | undefined> {
  const { namespace = '', name = '', uid } = metadata ?? {}
  try {
    const events = await api.listEvents(namespace, { kind: 'Job', name }, options)
    const message = events.findLast(
      ({ reason, involvedObject }) => reason === 'FailedCreate' && involvedObject.uid === uid,
    )?.message
    // Each try has a name of its own, which nobody needs to know.
    return message?.replace(/ "([^"]+)-[a-z0-9]{5}" is forbidden/, ' "$1-" is forbidden')
  } catch (error) {
    if (error instanceof KubeError) return undefined
    throw error
  }
}
