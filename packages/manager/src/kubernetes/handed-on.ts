/** Pure: what workers get of the environment of a manager that `dialback submit` has started. */

import type { V1Container, V1EnvVar, V1Pod } from '@kubernetes/client-node'
import { submittedContainer } from './submitted-container.ts'

/** Parts of a container's manifest. */
export type HandedOn = Pick<V1Container, 'env' | 'envFrom'>

/**
 * Which variables were given to `dialback submit`: on local workers a script would find them too. A value from a Secret goes on as
 * a reference to it, so that it stands in no manifest. Other managers in the cluster were set up by somebody else, and hand on nothing.
 *
 * @param managerPod that this process runs in
 * @param namespace of the workers: a Secret can be referred to in its own only
 */
export function handedOn(managerPod: V1Pod | undefined, namespace: string): HandedOn {
  const container = submittedContainer(managerPod)
  if (container === undefined) return {}
  const { env = [], envFrom = [] } = container
  const isHere = managerPod?.metadata?.namespace === namespace
  return {
    env: env.filter((one) => isGiven(one) && (isHere || one.valueFrom === undefined)),
    ...(isHere && envFrom.length > 0 && { envFrom }),
  }
}

/** The rest is what the manager's container needs itself. */
function isGiven({ name }: V1EnvVar): boolean {
  return name !== 'NODE_OPTIONS' && !name.startsWith('DIALBACK_')
}
