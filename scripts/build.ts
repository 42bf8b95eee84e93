/** Builds what is published: each package's code in few files and its declarations, and the agent in the worker's. */

import { spawnSync } from 'node:child_process'
import { globSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundlePackages } from './bundle-packages.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

for (const dist of globSync('packages/*/dist', { cwd: root })) rmSync(join(root, dist), { recursive: true })
// Forced: the compiler's own record of what is up to date does not see that the output is gone.
const tsc = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-b', '--force'], { cwd: root, stdio: 'inherit' })
if (tsc.status !== 0) process.exit(tsc.status ?? 1)
await bundlePackages()
