/** The options that say where in a cluster a command looks, the same for each command that has them. */

import { type Command, Option } from 'commander'
import type { KubeApi } from '../kubernetes/kube-api.ts'
import { loadKubeApi } from '../kubernetes/load-kube-api.ts'
import { namespaceName } from './namespace-name.ts'

export interface NamespaceOptions {
  readonly namespace?: string
}

/** Adds `--namespace`. */
export function addNamespaceOption(command: Command): Command {
  return command.addOption(
    new Option('--namespace <name>', "a namespace instead of the kubeconfig context's")
      .env('DIALBACK_NAMESPACE')
      .argParser(namespaceName),
  )
}

export async function kubeApiFor({ namespace }: NamespaceOptions): Promise<KubeApi> {
  return await loadKubeApi({ ...(namespace !== undefined && { namespace }) })
}
