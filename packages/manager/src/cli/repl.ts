/** `dialback repl`: an interactive session with workers. */

import { Command } from 'commander'
import { setCommandLineWorkers } from '../default-workers.ts'
import { workersOption } from './workers-option.ts'

interface ReplOptions {
  readonly workers: number
}

const examples = `
Examples:
  $ dialback repl                          no workers yet: await addProcs(3) asks for some
  $ dialback repl -n 3                     three local workers from the start
  dialback> await pmap((x: number) => x ** 2, [1, 2, 3])
  dialback> await everywhere({ limit: 10 })

TypeScript, top-level await and everything of @dialback/manager are in scope; what is typed there travels to workers.
Tab completes, Ctrl-C stops what runs on the workers, Ctrl-D ends the session and its workers. The history is in
$DIALBACK_REPL_HISTORY, by default dialback/repl_history of the user's state directory.`

/** Makes the command. */
export function replCommand(version: string): Command {
  return new Command('repl')
    .description('an interactive session: TypeScript, top-level await, the API in scope')
    .addOption(workersOption('how many local workers are there from the start', 0))
    .addHelpText('after', examples)
    .showHelpAfterError('(dialback repl --help says more)')
    .action(async ({ workers }: ReplOptions) => await repl(workers, version))
}

async function repl(workers: number, version: string): Promise<void> {
  const [api, { startSession }] = await Promise.all([import('../index.ts'), import('./repl/session.ts')])
  if (workers > 0) setCommandLineWorkers({ count: workers, started: await api.addProcs(workers) })
  const ids = workers > 0 ? `workers ${api.workers().join(', ')}` : 'no workers yet: await addProcs(n)'
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
  })
}
