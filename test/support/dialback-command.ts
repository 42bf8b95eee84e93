/** The command `dialback`, from the sources, as tests run it. */

import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { processesLeft, testIdVariable } from './processes.ts'
import {
  type RunningScript,
  runScript,
  type ScriptEnd,
  type ScriptOptions,
  startScript,
} from './run-script.ts'
import { type TempDir, withTempDir } from './temp-dir.ts'

/** Its script, relative to the root. */
export const main = 'packages/manager/src/cli/main.ts'

export const dialback = async (...args: string[]): Promise<ScriptEnd> => await runScript(main, { args })

export interface StartedRun extends AsyncDisposable {
  readonly running: RunningScript
  /** Of all processes that it starts, in their environment. */
  readonly testId: string
  readonly dir: TempDir
}

/** Starts `dialback run NAME …ARGS` among `files`. */
export async function startRun(
  files: Readonly<Record<string, string>>,
  args: readonly string[],
  options: ScriptOptions = {},
): Promise<StartedRun> {
  const dir = await withTempDir({ resolvesPackages: true })
  for (const [name, source] of Object.entries(files)) {
    await mkdir(join(dir.path, name, '..'), { recursive: true })
    await writeFile(join(dir.path, name), source)
  }
  const testId = randomUUID()
  const running: RunningScript = startScript(main, {
    cwd: dir.path,
    args: ['run', ...args],
    ...options,
    env: { [testIdVariable]: testId, ...options.env },
  })
  return { running, testId, dir, [Symbol.asyncDispose]: async () => await dir[Symbol.asyncDispose]() }
}

/** Runs it to its end, after which nothing of it is left. */
export async function run(
  files: Readonly<Record<string, string>>,
  args: readonly string[],
  options: ScriptOptions = {},
): Promise<ScriptEnd> {
  await using started = await startRun(files, args, options)
  const end = await started.running.ended
  expect(await processesLeft(started.testId)).toEqual([])
  return end
}
