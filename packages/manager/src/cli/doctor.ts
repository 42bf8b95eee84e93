/** `dialback doctor`: whether workers can run in a cluster, and what to do where they cannot. */

import { AbortError } from '@dialback/protocol'
import { Command, Option } from 'commander'
import type { PodOptions } from '../default-workers.ts'
import type { K8sOptions } from '../kubernetes/k8s-options.ts'
import { type Logger, stderrLogger } from '../logger.ts'
import { exitCodes } from './command-error.ts'
import { isVerbose } from './command-line.ts'
import { type Finding, findingText, summaryText } from './doctor/finding.ts'
import { durationOption } from './duration-option.ts'
import { endingSignals, onSignal, signalCode } from './signalled.ts'
import { addPodOptions, podsAsked } from './workers-options.ts'

interface DoctorOptions extends PodOptions, Pick<K8sOptions, 'connection'> {
  /** In ms. */
  readonly timeout: number
  readonly json?: true
  readonly submit?: true
}

const examples = `
Examples:
  $ dialback doctor
  $ dialback doctor --namespace team --cpu 2 --memory 8Gi     for workers of this size
  $ dialback doctor --image registry.example/team/worker:3
  $ dialback doctor --submit                                  for scripts of dialback submit
  $ dialback doctor --json | jq '.findings[] | select(.status == "failed")'

It looks at the cluster, each permission ("dialback manifests rbac" prints them), Pod Security, other admission and quota, then
runs a pod of a worker's size, and a worker for each way in which it could reach this process. All that it makes is removed.
With --submit it looks at what dialback submit needs instead, and makes nothing.
It exits with 0 if all is in order, with 1 if something is to be put right.`

/** Makes the command. */
export function doctorCommand(): Command {
  const command = new Command('doctor')
    .description('look whether workers can run in a cluster: permissions, quota, image, connection')
    .addOption(
      new Option('--connection <way>', 'how workers are to reach this process')
        .choices(['auto', 'direct', 'tunnel'])
        .default('auto'),
    )
    .addOption(
      new Option('--timeout <duration>', 'how long each pod that is tried may take to start')
        .default(60_000, '60s')
        .argParser(durationOption),
    )
    .option('--submit', 'look whether scripts can be submitted there')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .showHelpAfterError('(dialback doctor --help says more)')
    .action(async (options: DoctorOptions) => await doctor(options, command))
  return addPodOptions(command)
}

async function doctor(options: DoctorOptions, command: Command): Promise<void> {
  const { timeout, json, submit, ...podOptions } = options
  const workers = podsAsked(1, podOptions, command)
  const logger = isVerbose(command) ? stderrLogger : silent
  const { examine } = await import('./doctor/examine.ts')
  using interruption = onInterruption()
  const { signal } = interruption
  const findings: Finding[] = []
  try {
    const isForSubmit = submit === true
    for await (const finding of examine({ workers, isForSubmit, timeoutMs: timeout, logger, signal })) {
      findings.push(finding)
      if (!json) console.log(findingText(finding))
    }
  } catch (error) {
    if (!signal.aborted) throw error
    // What is being removed still is: this process ends after that.
    process.exitCode = interruption.exitCode()
    return
  }
  const praise = submit ? 'Scripts can be submitted there.' : 'Workers can run there.'
  const isOk = findings.every(({ status }) => status !== 'failed')
  console.log(json ? JSON.stringify({ isOk, findings }, undefined, 2) : summaryText(findings, praise))
  process.exitCode = isOk ? exitCodes.ok : exitCodes.failure
}

/** The first Ctrl-C ends what is under way, after which all is removed; another one ends this process at once. */
function onInterruption(): Disposable & { readonly signal: AbortSignal; exitCode(): number } {
  const stop = new AbortController()
  let exitCode = 0
  const listening = onSignal(endingSignals, (name) => {
    exitCode = signalCode(name)
    process.stderr.write('Removing what was made…\n')
    stop.abort(new AbortError(`Received ${name}`))
  })
  return {
    signal: stop.signal,
    exitCode: () => exitCode,
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  }
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }
