/** Checks what can be checked without running: format, lint, types, dead code. Exits with 1 if any of it fails. */

import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A check: what it is called, and the command of node_modules/.bin that does it. */
interface Step {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

interface Outcome {
  readonly name: string
  readonly isGood: boolean
  readonly output: string
  readonly ms: number
}

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Longest first, so that two at a time end soonest. */
const steps: readonly Step[] = [
  {
    name: 'lint',
    command: 'oxlint',
    args: ['--type-aware', '--deny-warnings', '--tsconfig', 'tsconfig.check.json'],
  },
  { name: 'types', command: 'tsc', args: ['-p', 'tsconfig.check.json'] },
  { name: 'dead code', command: 'knip', args: ['--no-progress', '--no-config-hints'] },
  { name: 'format', command: 'biome', args: ['check', '--error-on-warnings', '--max-diagnostics=50', '.'] },
]

/** Runs all checks, two at a time, prints how each went, and gives the names of those that failed. */
export async function check(): Promise<string[]> {
  const waiting = [...steps]
  const failed: string[] = []
  const lane = async (): Promise<void> => {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      const { name, isGood, output, ms } = await run(step)
      console.log(`${isGood ? '✓' : '✗'} ${name} (${(ms / 1_000).toFixed(1)} s)`)
      if (isGood) continue
      console.log(output.trimEnd())
      failed.push(name)
    }
  }
  await Promise.all([lane(), lane()])
  return failed
}

async function run({ name, command, args }: Step): Promise<Outcome> {
  const startedAt = performance.now()
  const child = spawn(join(root, 'node_modules/.bin', command), args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => {
      output += chunk
    })
  }
  const code = await new Promise<number | null>((resolve) => {
    child.on('error', (error) => {
      output += error.message
      resolve(null)
    })
    child.on('close', resolve)
  })
  return { name, isGood: code === 0, output, ms: performance.now() - startedAt }
}

if (import.meta.main) {
  const failed = await check()
  if (failed.length > 0) console.log(`Failed: ${failed.join(', ')}`)
  process.exitCode = failed.length === 0 ? 0 : 1
}
