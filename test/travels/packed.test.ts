import { execFile } from 'node:child_process'
import { cpSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { root, runScript } from '../support/run-script.ts'
import { withTempDir } from '../support/temp-dir.ts'

const run = promisify(execFile)
const thirdParty = ['lodash-es@4', 'zod@4', 'date-fns@4', 'ms@2', 'semver@7', 'nanoid@5']

/** Packs our packages as they are published and gives the paths of the tarballs. */
async function pack(folder: string): Promise<string[]> {
  await run(process.execPath, ['scripts/build.ts'], { cwd: root })
  for (const name of ['protocol', 'runtime', 'worker', 'manager']) {
    await run('npx', ['--yes', 'pnpm@12.21.0', 'pack', '--pack-destination', folder], {
      cwd: join(root, 'packages', name),
    })
  }
  return readdirSync(folder).map((name) => join(folder, name))
}

/** The program is no part of this repository: its packages are installed only where it runs. */
function copyApp(folder: string): void {
  cpSync(join(root, 'test/travels/packed-app'), folder, { recursive: true })
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.txt')) renameSync(join(folder, name), join(folder, name.replace('.txt', '')))
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
}

test('a program that installed the packed packages maps over npm packages and its own modules', {
  timeout: 300_000,
}, async () => {
  await using tarballs = await withTempDir()
  await using app = await withTempDir()
  copyApp(app.path)
  const packages = [...(await pack(tarballs.path)), ...thirdParty]
  await run('npm', ['install', '--no-audit', '--no-fund', ...packages], { cwd: app.path })

  for (const tsx of [false, true]) {
    const { stdout, stderr } = await runScript(join(app.path, 'main.ts'), { cwd: app.path, tsx })

    expect(stderr).not.toContain('Error')
    expect(JSON.parse(stdout)).toEqual({
      lodash: ['5'],
      zod: [false, true, false, true],
      dates: ['2024-01-01', '2024-01-02', '2024-01-03'],
      commonJs: [
        [7_200_000, true],
        [10_800_000, false],
        [14_400_000, false],
      ],
      conditions: [21, 21],
      crypto: ['6b86b273', 'd4735e3a'],
      files: ['from a file'],
      orders: ['Order 0: 20', 'Order 1: 24'],
      isOrder: 2,
      counted: 40,
      here: 0,
      failed: [
        'On worker 2: OrderError: Order 1 has no name',
        true,
        expect.stringContaining(`${app.path}/src/model/order.ts:16:33`),
      ],
      bySchema: [true, false],
      refused:
        'SerializationError: Cannot send fn › captured "hereOnly" › captured "init" › captured "initialized": WeakSet (main.ts:41:34)',
      procs: 3,
    })
  }
})
