/** Makes a test file look, to what it tests, like a script that a user started with `node`. Loaded before each file. */

import { registerHooks, setSourceMapsSupport } from 'node:module'
import { expect } from 'vitest'

/** What vitest adds to the environment of its worker processes. */
const ofVitest = /^(VITEST|VITEST_.*|TEST|NODE_ENV|MODE|DEV|PROD|SSR|BASE_URL|FORCE_TTY|__VITEST.*)$/

registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context)
    // vitest adds a query to load a file anew in the same process, which never happens here.
    return { ...resolved, url: resolved.url.replace(/\?vitest=\d+$/, '') }
  },
})
setSourceMapsSupport(false)

const { testPath } = expect.getState()
if (testPath === undefined) throw new Error('Cannot tell which test file is to be run')
process.argv.splice(1, process.argv.length, testPath)
process.execArgv = []
for (const name of Object.keys(process.env)) if (ofVitest.test(name)) delete process.env[name]
