/** What `dialback manifests` prints, in the cluster. */

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { KubeConfig, type KubernetesObject, KubernetesObjectApi, loadAllYaml } from '@kubernetes/client-node'
import { root } from '../../support/run-script.ts'

/** Creates what a manifest of `dialback manifests` says, and gives it. */
export async function applyManifests(...args: readonly string[]): Promise<readonly KubernetesObject[]> {
  const main = join(root, 'packages/manager/src/cli/main.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'manifests', ...args])
  const config = new KubeConfig()
  config.loadFromDefault()
  const api = KubernetesObjectApi.makeApiClient(config)
  // Of any kind, as YAML has it.
  const objects = loadAllYaml(stdout) as KubernetesObject[]
  for (const object of objects) await api.create(object)
  return objects
}
