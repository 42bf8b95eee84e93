/** The real kubectl: that of this machine, or the one that came with the cluster of one node. */

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Undefined where there is none. */
export const kubectl: string | undefined = [
  ...(process.env['PATH'] ?? '').split(delimiter),
  join(process.env['K8S_ONE_NODE_CACHE'] ?? join(homedir(), '.cache/k8s-one-node'), 'bin'),
]
  .map((directory) => join(directory, 'kubectl'))
  .find((path) => existsSync(path))

/** Runs it to its end and gives what it wrote. @throws {Error} when it failed */
export function runKubectl(args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(kubectl ?? 'kubectl', args, { input, encoding: 'utf8' })
  if (status !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${status}: ${stderr}`)
  return stdout
}
