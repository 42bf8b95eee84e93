import { processesLeft } from '../support/processes.ts'
import { clusterManagerContract } from './cluster-manager-contract.ts'
import { makeManager } from './local-manager.ts'

clusterManagerContract('LocalManager', makeManager, {
  module: import.meta.resolve('./local-manager.ts'),
  killed: { reason: 'Killed', signal: 'SIGKILL', blame: 'unknown' },
  exited: (exitCode) => ({ reason: 'Exited', exitCode, blame: 'item' }),
  left: async (testId) => (await processesLeft(testId)).map((live) => live.commandLine),
})
