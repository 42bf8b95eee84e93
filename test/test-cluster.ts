/** A cluster for one test: what it logs and what its workers write is recorded, and nothing of it may be left. */

import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { Cluster, type Logger } from '@dialback/manager'
import { processesLeft, testIdVariable } from './support/processes.ts'

export interface TestCluster extends AsyncDisposable {
  readonly cluster: Cluster
  /** Lines of the cluster's own log, such as `warn: Worker 2 was terminated due to: …`. */
  readonly log: readonly string[]
  /** Lines of its workers, such as `2: hello`. */
  readonly output: readonly string[]
  /** Marks the workers; for managers that are not made by `addProcs(np)` here. */
  readonly env: Readonly<Record<string, string>>
  /** Waits until a line of the log or of the output contains `text`, and gives it. */
  logged(text: string): Promise<string>
}

/** What `LocalManager` and `addProcs` take. */
export type StartOptions = NonNullable<Parameters<Cluster['addProcs']>[1]>

/** Makes a cluster with `np` local workers. Disposing it fails when a process is left. */
export async function startCluster(np = 0, options: StartOptions = {}): Promise<TestCluster> {
  const started = emptyCluster()
  if (np > 0) await started.cluster.addProcs(np, { ...options, env: { ...started.env, ...options.env } })
  return started
}

function emptyCluster(): TestCluster {
  const testId = randomUUID()
  const lines = new RecordedLines()
  const cluster = new Cluster({
    logger: recordingLogger((line) => lines.add(lines.log, line)),
    onWorkerLog: (id, line) => lines.add(lines.output, `${id}: ${line}`),
  })
  return {
    cluster,
    log: lines.log,
    output: lines.output,
    env: { [testIdVariable]: testId },
    logged: async (text) => await lines.waitFor(text),
    [Symbol.asyncDispose]: async () => {
      await cluster[Symbol.asyncDispose]()
      const left = await processesLeft(testId)
      if (left.length > 0) throw new Error(`Left behind: ${left.map((live) => live.commandLine).join('; ')}`)
    },
  }
}

function recordingLogger(record: (line: string) => void): Logger {
  const level =
    (name: string) =>
    (message: string): void =>
      record(`${name}: ${message}`)
  return { debug() {}, info: level('info'), warn: level('warn'), error: level('error') }
}

class RecordedLines {
  readonly log: string[] = []
  readonly output: string[] = []
  readonly #added = new EventEmitter()

  constructor() {
    this.#added.setMaxListeners(0)
  }

  add(list: string[], line: string): void {
    // A copy: a slice would keep all of a long line.
    list.push(line.length > 2_000 ? Buffer.from(line.slice(0, 2_000)).toString() : line)
    this.#added.emit('line')
  }

  async waitFor(text: string): Promise<string> {
    for (;;) {
      const found = [...this.log, ...this.output].find((line) => line.includes(text))
      if (found !== undefined) return found
      await once(this.#added, 'line')
    }
  }
}
