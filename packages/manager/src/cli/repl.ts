/** `dialback repl`: an interactive session with workers. */

import { Command } from 'commander'
import { setCommandLineWorkers, type WorkersSpec } from '../default-workers.ts'
import { isVerbose } from './command-line.ts'
import { addWorkersOptions, type WorkersOptions, workersSpec } from './workers-options.ts'

const examples = `
Examples:
  $ dialback repl                          no workers yet: await addProcs(3) asks for some
  $ dialback repl -n 3                     three local workers from the start
  $ dialback repl -n 3 --k8s --cpu 0.2     three pods
  dialback> await pmap((x: number) => x ** 2, [1, 2, 3])
  dialback> await everywhere({ limit: 10 })
  $ dialback repl < session.ts             the same from a file or a pipe, line by line

TypeScript, top-level await and everything of @dialback/manager are in scope; what is typed there travels to workers.
Tab completes, Ctrl-C stops what runs on the workers, Ctrl-D ends the session and its workers. The history is in
$DIALBACK_REPL_HISTORY, by default dialback/repl_history of the user's state directory.`

/** Makes the command. */
export function replCommand(version: string): Command {
  const command = new Command('repl')
    .description('an interactive session: TypeScript, top-level await, the API in scope')
    .addHelpText('after', examples)
    .showHelpAfterError('(dialback repl --help says more)')
    .action(
      async (options: WorkersOptions) =>
        await repl(workersSpec(options, command), version, isVerbose(command)),
    )
  return addWorkersOptions(command, 0)
}

async function repl(spec: WorkersSpec, version: string, isAllShown: boolean): Promise<void> {
  const [api, { startSession }] = await Promise.all([import('../index.ts'), import('./repl/session.ts')])
  const isAsked = spec.count !== 0
  if (isAsked) {
    setCommandLineWorkers({ spec, started: undefined })
    setCommandLineWorkers({ spec, started: await api.addProcs() })
  }
  const ids = isAsked ? `workers ${api.workers().join(', ')}` : 'no workers yet: await addProcs(n)'
  startSession({
    api,
    apiUrl: import.meta.resolve('@dialback/manager'),
    banner: `dialback ${version} on Node.js ${process.versions.node}, ${ids}. Ctrl-D ends it, .help says more.\n`,
    interrupt: async () => await api.interrupt(),
    end: async () =>
      await api.rmProcs(
        api.workers().filter((id) => id !== 1),
        { waitFor: 5 },
      ),
    isVerbose: isAllShown,
  })
}
