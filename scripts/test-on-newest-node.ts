/** Runs the tests of what depends on V8 and Node most once more, with the newest Node that users have. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

export interface Counts {
  passed: number
  failed: number
  skipped: number
}

const chosen = [
  'packages/',
  'test/conformance/local',
  'test/contract/local',
  'test/published',
  'test/travels/',
]

/** Gives what its last line says; a run without one has failed. */
export async function testOnNewestNode(): Promise<Counts> {
  console.log('\nWith the newest Node:')
  const args = [join(import.meta.dirname, 'with-node24.sh'), join(import.meta.dirname, 'test.ts')]
  const child = spawn('sh', [...args, '--project', 'unit', '--project', 'e2e', ...chosen], {
    env: { ...process.env, DIALBACK_NODE: 'node-newest' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.stdout.pipe(process.stdout, { end: false })
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')])
  const [, passed, failed, skipped = 0] =
    /(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$/.exec(output) ?? []
  if (passed === undefined) return { passed: 0, failed: 1, skipped: 0 }
  return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) }
}
