/** Where a session's history is kept. */

import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/**
 * `DIALBACK_REPL_HISTORY` if it is set, else a file of the user's state directory; empty for none: where the variable is empty,
 * and where there is no home, or no directory can be made.
 */
export function historyFile(env: NodeJS.ProcessEnv): string {
  const { DIALBACK_REPL_HISTORY: own, XDG_STATE_HOME: state } = env
  if (own === '') return ''
  try {
    const path = own ?? join(state || join(homedir(), '.local', 'state'), 'dialback', 'repl_history')
    mkdirSync(dirname(path), { recursive: true })
    return path
  } catch {
    // A read-only home, or a user whom the system does not know, as in a pod: a session without a history is still one.
    return ''
  }
}
