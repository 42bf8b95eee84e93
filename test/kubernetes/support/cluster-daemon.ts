/** The programs of the cluster of test/cluster, which a test can stop; those of other clusters run elsewhere. */

import { spawn } from 'node:child_process'
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The process of a program such as `kubelet`. Undefined when KUBECONFIG names another cluster. */
export function daemonPid(name: string): number | undefined {
  const path = stateFile(`pids/${name}`)
  return path !== undefined && existsSync(path) ? Number(readFileSync(path, 'utf8')) : undefined
}

/** Kills the program and starts it again, as it was started. It takes a while until it serves. */
export async function restartDaemon(name: string): Promise<void> {
  const pid = daemonPid(name)
  const log = stateFile(`logs/${name}.log`)
  const pidFile = stateFile(`pids/${name}`)
  if (pid === undefined || log === undefined || pidFile === undefined)
    throw new Error(`Cannot restart ${name}: it is not of the cluster of test/cluster`)
  const [command = '', ...args] = parts(pid, 'cmdline')
  // Its own: by a variable in it what a run of the tests has left is found, and ended.
  const env = Object.fromEntries(parts(pid, 'environ').map((entry) => entry.split(/=(.*)/s, 2)))
  process.kill(pid, 'SIGKILL')
  while (existsSync(`/proc/${pid}/stat`)) await sleep(10)
  const output = openSync(log, 'a')
  const child = spawn(command, args, { env, cwd: '/', detached: true, stdio: ['ignore', output, output] })
  writeFileSync(pidFile, `${child.pid}\n`)
  child.unref()
}

function stateFile(name: string): string | undefined {
  const config = process.env['KUBECONFIG']
  return config === undefined ? undefined : join(dirname(config), name)
}

function parts(pid: number, file: 'cmdline' | 'environ'): string[] {
  return readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0').slice(0, -1)
}
