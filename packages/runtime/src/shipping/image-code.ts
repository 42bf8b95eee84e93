/** Makes of a file of the worker's image what would otherwise have been sent. */

import { fileURLToPath } from 'node:url'
import { VersionMismatchError } from '@dialback/protocol'
import { contentId, withAccessors } from './graph-loading.ts'
import { moduleSource } from './module-source.ts'
import type { ModuleFile } from './shell.ts'

/** @throws {VersionMismatchError} naming the file, when the image does not have it or has another one. */
export function imageCode({ id, url, format }: Pick<ModuleFile, 'id' | 'url' | 'format'>): string {
  const path = url.startsWith('file:') ? fileURLToPath(url) : url
  let code: string
  try {
    code = withAccessors({ ...moduleSource(url, undefined, format), format })
  } catch (error) {
    throw new VersionMismatchError(`The worker's image lacks ${path}, which the program uses`, {
      cause: error,
    })
  }
  if (contentId(url, format, code) === id) return code
  throw new VersionMismatchError(`The worker's image has another ${path} than the program`)
}
