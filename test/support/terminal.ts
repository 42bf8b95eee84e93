/** A command on a real pseudo-terminal: what its user types and sees. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { root } from './run-script.ts'

export interface Terminal {
  /** Types; a key is what a terminal sends for it, as `\u0003` for Ctrl-C. */
  type(text: string): void
  /**
   * Waits until the screen shows it, after what was waited for before, and gives what was shown up to its end, without what moves
   * the cursor. @throws {Error} with the screen when the command ends without.
   */
  shows(expected: string | RegExp): Promise<string>
  /** All that was written so far, as the terminal gets it. */
  raw(): string
  /** The exit code, or minus the signal. */
  readonly ended: Promise<number>
  /** Ends it at once. */
  kill(): void
}

interface TerminalOptions {
  readonly args?: readonly string[]
  /** Added to this process's environment. */
  readonly env?: NodeJS.ProcessEnv
}

/** `path`: of a script, from the repository's root. */
export function startOnTerminal(path: string, { args = [], env = {} }: TerminalOptions = {}): Terminal {
  return commandOnTerminal(process.execPath, { args: [join(root, path), ...args], env })
}

/** Any command. */
export function commandOnTerminal(command: string, { args = [], env = {} }: TerminalOptions = {}): Terminal {
  const helper = join(root, 'test/support/on-terminal.py')
  const child = spawn('python3', [helper, command, ...args], {
    cwd: root,
    env: { ...process.env, TERM: 'xterm', NO_COLOR: '1', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let shown = ''
  let seen = 0
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    shown += text
  })
  const closed = once(child, 'close')
  const ended = closed.then(() => child.exitCode ?? -1)
  const find = (expected: string | RegExp): string | undefined => {
    const rest = plain(shown).slice(seen)
    const at = typeof expected === 'string' ? rest.indexOf(expected) : rest.search(expected)
    if (at === -1) return undefined
    const length = typeof expected === 'string' ? expected.length : (expected.exec(rest)?.[0].length ?? 0)
    seen += at + length
    return rest.slice(0, at + length)
  }
  return {
    type: (text) => void child.stdin.write(text),
    shows: async (expected) => {
      for (let isOver = false; ; ) {
        const found = find(expected)
        if (found !== undefined) return found
        if (isOver) throw new Error(`The terminal never showed ${String(expected)}\n${plain(shown)}`)
        isOver = await Promise.race([once(child.stdout, 'data').then(() => false), closed.then(() => true)])
      }
    },
    raw: () => shown,
    ended,
    // Its end of the terminal closes with it, which is a hang-up for what runs there.
    kill: () => void child.kill('SIGKILL'),
  }
}

/** Text as it was written, without what a terminal does with it; behind two terminals a line ends with two returns. */
function plain(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\r+\n/g, '\n')
}
