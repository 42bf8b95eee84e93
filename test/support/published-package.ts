/** The manager's package as it is published, installed for a program. */

import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { agentEntry } from '@dialback/worker'
import { bundleManager } from '../../scripts/bundle-manager.ts'
import { root } from './run-script.ts'

const others = [
  '@dialback/protocol',
  '@dialback/runtime',
  '@dialback/worker',
  'commander',
  'esbuild',
  'js-yaml',
]

/** Makes `node_modules` in a directory, and gives that of the manager in there. */
export async function installPublished(directory: string): Promise<string> {
  const sources = join(root, 'packages/manager')
  const installed = join(directory, 'node_modules')
  const manager = join(installed, '@dialback/manager')
  mkdirSync(join(manager, 'dist'), { recursive: true })
  const manifest = readFileSync(join(sources, 'package.json'), 'utf8')
  const { name, type, version, imports } = JSON.parse(manifest) as Record<string, unknown>
  const exports = './dist/lib/index.js'
  writeFileSync(join(manager, 'package.json'), JSON.stringify({ name, type, version, imports, exports }))
  for (const other of others) symlinkSync(join(sources, 'node_modules', other), join(installed, other))
  await bundleManager(join(sources, 'src'), join(manager, 'dist/lib'), dirname(await agentEntry()))
  return manager
}
