/** Directories that last as long as a test. */

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './run-script.ts'

export interface TempDir extends AsyncDisposable {
  readonly path: string
}

/**
 * Makes an empty directory that disposing removes.
 *
 * @param options.resolvesPackages true: within the repository, where a script's `import '@dialback/manager'` resolves.
 */
export async function withTempDir(options: { readonly resolvesPackages?: boolean } = {}): Promise<TempDir> {
  const parent = options.resolvesPackages ? join(root, '.cache') : tmpdir()
  await mkdir(parent, { recursive: true })
  const path = await mkdtemp(join(parent, 'dialback-test-'))
  return { path, [Symbol.asyncDispose]: async () => await rm(path, { recursive: true, force: true }) }
}
