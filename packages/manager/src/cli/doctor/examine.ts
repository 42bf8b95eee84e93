/** Looks at the cluster that the environment names. */

import type { ResolvedK8sOptions } from '../../kubernetes/k8s-options.ts'
import { findLaunchPlace, isInside } from '../../kubernetes/launch-place.ts'
import { loadKubeApi } from '../../kubernetes/load-kube-api.ts'
import { diagnose } from './diagnose.ts'
import type { Finding } from './finding.ts'
import type { Patient } from './step.ts'

export type ExamineOptions = Pick<Patient, 'isForSubmit' | 'timeoutMs' | 'logger' | 'signal'> & {
  /** Of the workers that are to run there. */
  readonly workers: ResolvedK8sOptions
}

/** Gives findings as they are made. @throws the reason of `signal` */
export async function* examine({ workers, ...rest }: ExamineOptions): AsyncGenerator<Finding> {
  const api = await connect(workers)
  if ('status' in api) {
    yield api
    return
  }
  await using _ = api
  const options = { ...workers, namespace: workers.namespace ?? api.namespace }
  yield* diagnose({
    ...rest,
    api,
    options,
    namespace: options.namespace,
    place: async () => await findLaunchPlace(api, options),
    isInside: await isInside(api, options),
  })
}

async function connect({ namespace }: ResolvedK8sOptions): Promise<Patient['api'] | Finding> {
  try {
    return await loadKubeApi(namespace === undefined ? {} : { namespace })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { check: 'cluster', status: 'failed', message }
  }
}
