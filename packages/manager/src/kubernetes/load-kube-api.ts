/** Makes the API to the cluster that the environment names. */

import { HttpKubeApi } from './http-kube-api.ts'
import type { KubeApi } from './kube-api.ts'
import { KubeClient } from './kube-client.ts'
import { currentContext, podNamespace } from './kubeconfig.ts'

export interface KubeApiOptions {
  /** @default that of the kubeconfig's current context, else of the pod that this process runs in, else `default` */
  readonly namespace?: string
}

/**
 * Reads the kubeconfig (`KUBECONFIG`, `~/.kube/config`), or the service account of the pod that this process runs in.
 * Nothing is asked of the API server yet.
 *
 * @throws {Error} that says what is missing and how to provide it.
 */
export async function loadKubeApi({ namespace }: KubeApiOptions = {}): Promise<KubeApi> {
  const context = await currentContext()
  const found = namespace ?? context.namespace ?? (await podNamespace()) ?? 'default'
  return new HttpKubeApi(new KubeClient(context), found)
}
