// Installs the dependencies by the lockfile, with the pnpm that package.json names, brought by npx.
// Plain JavaScript for Node 20 and later: a fresh machine runs this before anything is installed.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const lockfile = join(root, 'pnpm-lock.yaml')
// A copy of the lockfile that was installed: scripts/with-node24.sh compares the two.
const stamp = join(root, 'node_modules/.installed-lock.yaml')
const turn = join(root, '.cache/installing')

await takeTurn()
try {
  if (!isInstalled()) process.exitCode = await install()
} finally {
  rmSync(turn, { force: true })
}

function isInstalled() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === readFileSync(lockfile, 'utf8')
}

/** Runs pnpm and gives its exit code. */
async function install() {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const installed = readFileSync(lockfile)
  rmSync(stamp, { force: true })
  // A process group of its own: npx, npm's shell and pnpm end together.
  const npx = spawn('npx', ['--yes', packageManager, 'install', '--frozen-lockfile'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: pnpmEnv(),
    detached: true,
  })
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.on(signal, () => endGroup(npx.pid))
  const code = await new Promise((resolve) => {
    npx.on('error', (error) => {
      console.error(`Cannot start npx, which comes with npm: ${error.message}`)
      resolve(1)
    })
    npx.on('exit', (exitCode) => resolve(exitCode ?? 1))
  })
  if (code === 0) writeFileSync(stamp, installed)
  return code
}

function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has just ended by itself.
  }
}

/** pnpm reads the user's .npmrc but not what npm hands to its scripts in `npm_config_*`. */
function pnpmEnv() {
  const env = { ...process.env }
  for (const key of ['registry', 'https_proxy', 'proxy', 'noproxy', 'cafile']) {
    const value = process.env[`npm_config_${key}`]
    if (value) env[`pnpm_config_${key}`] ??= value
  }
  // Without a terminal pnpm refuses to replace a node_modules of another layout, unless it need not ask.
  env.pnpm_config_confirm_modules_purge = 'false'
  return env
}

/** Waits for an installation that another process has under way. */
async function takeTurn() {
  mkdirSync(dirname(turn), { recursive: true })
  while (!claimTurn()) await sleep(100)
}

/** Claims the turn, unless a live process has it. */
function claimTurn() {
  try {
    writeFileSync(turn, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  try {
    process.kill(Number(readFileSync(turn, 'utf8')), 0)
  } catch {
    rmSync(turn, { force: true })
  }
  return false
}
