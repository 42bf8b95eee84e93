/** Resolves specifiers as the running program does: by its own loader, with whatever hooks (tsx, …) and conditions it has. */

import { createRequire, isBuiltin, registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'

export interface Resolved {
  readonly url: string
  readonly format?: string
}

interface Request {
  readonly specifier: string
  readonly parentUrl: string
  answer?: Resolved
}

let counter = 0

/** Gives the URL that a specifier leads to; undefined when it leads nowhere. Builtin modules are `node:…`. */
export function resolveSpecifier(
  kind: 'import' | 'require',
  specifier: string,
  parentUrl: string,
): Resolved | undefined {
  if (isBuiltin(specifier)) return { url: specifier.startsWith('node:') ? specifier : `node:${specifier}` }
  try {
    return kind === 'import' ? resolveImport(specifier, parentUrl) : resolveRequire(specifier, parentUrl)
  } catch {
    return undefined
  }
}

function resolveRequire(specifier: string, parentUrl: string): Resolved {
  const path = createRequire(parentUrl).resolve(specifier)
  return { url: path.startsWith('file:') ? path : pathToFileURL(path).href }
}

/**
 * `import.meta.resolve` takes no parent without a flag. A hook does: it is there for this one question, which it recognizes
 * by a specifier that nothing else has, and passes on with the parent that is meant.
 */
function resolveImport(specifier: string, parentUrl: string): Resolved | undefined {
  const request: Request = { specifier, parentUrl }
  const question = `dialback-resolve:${counter++}`
  const hooks = registerHooks({
    resolve(asked, context, nextResolve) {
      if (asked !== question) return nextResolve(asked, context)
      const { url, format } = nextResolve(specifier, { ...context, parentURL: parentUrl })
      request.answer = { url, ...(typeof format === 'string' && { format }) }
      return { url, shortCircuit: true }
    },
  })
  try {
    import.meta.resolve(question)
  } finally {
    hooks.deregister()
  }
  return request.answer
}
