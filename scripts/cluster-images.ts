/**
 * Builds the images of a worker and a manager from this checkout and loads them in the cluster that `cluster:up` started.
 * With `--context` it only makes the directory to build them in, and prints its path.
 */

import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const context = join(root, '.cache/images')

/** The command `dialback`: what npm would put on the path has another directory for its base here. */
const command = `#!/bin/sh
exec node /node_modules/@dialback/manager/dist/lib/cli.js "$@"
`

const { packageManager } = readJson('package.json') as { packageManager: string }
const { version } = readJson('packages/manager/package.json') as { version: string }

run(process.execPath, ['scripts/build.ts'])
makeContext()
if (process.argv.includes('--context')) console.log(context)
else for (const name of ['worker', 'manager']) load(name)

/** What the Dockerfiles copy: the agent, and the packages as they are published with what they depend on. */
function makeContext(): void {
  rmSync(context, { recursive: true, force: true })
  const tarballs = join(context, 'tarballs')
  mkdirSync(tarballs, { recursive: true })
  cpSync(join(root, 'packages/worker/dist/agent'), join(context, 'agent'), { recursive: true })
  for (const name of ['protocol', 'runtime', 'worker', 'manager'])
    run('npx', ['--yes', packageManager, 'pack', '--pack-destination', tarballs], `packages/${name}`)
  writeFileSync(join(context, 'package.json'), '{ "private": true }\n')
  const packed = readdirSync(tarballs).map((name) => join(tarballs, name))
  run('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefix', context, ...packed])
  rmSync(tarballs, { recursive: true })
  // Half of all that is installed, of which only the types are used.
  rmSync(join(context, 'node_modules/@kubernetes'), { recursive: true })
  cpSync(join(root, 'images/warm-up.mjs'), join(context, 'warm-up.mjs'))
  writeFileSync(join(context, 'dialback'), command)
  chmodSync(join(context, 'dialback'), 0o755)
}

function load(name: string): void {
  const image = `localhost/dialback-${name}:${version}`
  run('test/cluster/load-image', [image, context, '-f', join(root, `images/${name}.Dockerfile`)])
  console.log(image)
}

function run(program: string, args: readonly string[], cwd = '.'): void {
  // Standard output is for the names of the images.
  execFileSync(program, args, { cwd: join(root, cwd), stdio: ['ignore', 2, 2] })
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), 'utf8'))
}
