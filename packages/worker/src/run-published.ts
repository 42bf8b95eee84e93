/** Runs the code of a published package, be it where it was installed or within the one file of a bundled program. */

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { runBundle } from './code-cache.ts'
import { type Archive, unpack } from './unpack.ts'

const oldestNode = 24

interface PublishedCode {
  /** The name of its file, and what `runBundle` takes. */
  readonly file: string
  readonly id: string
  readonly ownCache: string
}

/**
 * Gives what the code returns.
 *
 * @param here the directory of the file that asks; undefined in a bundle of CommonJS.
 * @param archive what is run where there is no such code in `here`, as in a bundle.
 * @throws {Error} when there is neither, or Node is too old.
 */
export function runPublished(code: PublishedCode, here: string | undefined, archive?: Archive): unknown {
  checkNode(process.versions.node)
  const path = here === undefined ? undefined : join(here, code.file)
  if (here !== undefined && path !== undefined && existsSync(path))
    return runBundle(path, code.id, join(here, code.ownCache))
  if (archive !== undefined) return runUnpacked(archive)
  throw new Error(
    `Cannot find ${path ?? code.file}: @dialback/manager was bundled without what it needs, so let it stay external, and install it where this program runs`,
  )
}

/** npm only warns of `engines`, and what is missing in an older Node says nothing to whoever starts a script with it. */
export function checkNode(version: string): void {
  if (Number.parseInt(version, 10) < oldestNode)
    throw new Error(`Cannot run @dialback/manager on Node ${version}: it needs ${oldestNode} or later`)
}

/** By a `require` of its own: there the code finds its files, and has a loader, whatever the bundler made of this one. */
function runUnpacked(archive: Archive): unknown {
  const runner = join(unpack(archive), archive.runner)
  const { opened } = createRequire(runner)(runner) as { readonly opened: unknown }
  return opened
}
