/**
 * Runs a bundle with what V8 compiled of it in an earlier process. Node's own compile cache holds what is compiled when a
 * file is loaded, so each function that is called later would be compiled anew in every process: a fifth of a start.
 */

import {
  constants as access,
  accessSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cachedDataVersionTag } from 'node:v8'
import { Script } from 'node:vm'
import { threadId } from 'node:worker_threads'

/**
 * What a bundle is: a function that is given its own URL, `import()`, `import.meta.resolve()`, and what keeps what is compiled
 * of it by then, unless that is kept already or nowhere.
 */
type Bundle = (
  codeUrl: string,
  load: ImportModule,
  resolve: (name: string) => string,
  keep: (() => void) | undefined,
) => unknown
type ImportModule = (url: string, options?: ImportCallOptions) => Promise<unknown>

/**
 * Gives what the bundle returns.
 *
 * @param id of the text in `path`, by its content: V8 compares no more than the length.
 * @param ownCache directory for what is kept where Node's compile cache was not switched on. @default none
 */
export function runBundle(path: string, id: string, ownCache?: string): unknown {
  const directory = cacheDirectory(ownCache)
  const cache = directory === undefined ? undefined : join(directory, `dialback-${id}`)
  const cachedData = cache === undefined ? undefined : read(cache)
  // It is all ASCII.
  const script = new Script(readFileSync(path, 'latin1'), {
    filename: path,
    ...(cachedData && { cachedData }),
  })
  const isKept = cachedData !== undefined && script.cachedDataRejected === false
  const bundle = script.runInThisContext() as Bundle
  // Not as the script's `importModuleDynamically`, of which Node warns on standard error.
  const loadModule: ImportModule = async (url, options) => (await import(url, options)) as unknown
  return bundle(
    pathToFileURL(path).href,
    loadModule,
    (name) => import.meta.resolve(name),
    cache === undefined || isKept ? undefined : keeper(cache, script),
  )
}

/** Of this version of Node, these options of V8 and this user; none where the cache is switched off. */
function cacheDirectory(ownCache: string | undefined): string | undefined {
  const place = getCompileCacheDir()
  if (place !== undefined || ownCache === undefined || process.env['NODE_DISABLE_COMPILE_CACHE']) return place
  return join(ownCache, `${process.version}-${process.arch}-${cachedDataVersionTag()}-${process.getuid?.()}`)
}

/**
 * What was kept stands there twice: V8 looks at the version, the options and the length, and trusts what follows. To compare takes
 * less than a checksum, above all than to load what computes one.
 */
function read(cache: string): Buffer | undefined {
  try {
    const file = readFileSync(cache)
    const data = file.subarray(0, file.byteLength / 2)
    return data.equals(file.subarray(data.byteLength)) ? data : undefined
  } catch {
    // Nothing was kept yet.
    return undefined
  }
}

/** Of many that start at once the first keeps it for all. What is there already is damaged, or for another V8. */
function keeper(cache: string, script: Script): () => void {
  const isDamaged = existsSync(cache)
  return () => {
    if (isDamaged || !existsSync(cache)) keep(cache, script)
  }
}

function keep(cache: string, script: Script): void {
  const scratch = `${cache}.${process.pid}.${threadId}`
  try {
    mkdirSync(dirname(cache), { recursive: true })
    // Before it is computed in vain.
    accessSync(dirname(cache), access.W_OK)
    const data = script.createCachedData()
    try {
      writeFileSync(scratch, Buffer.concat([data, data]), { mode: 0o600 })
      renameSync(scratch, cache)
    } catch {
      // Each process would leave another one on a disk that is full.
      rmSync(scratch, { force: true })
    }
  } catch {
    // The directory cannot be written, or the disk is full: it goes without, as Node's own does.
  }
}
