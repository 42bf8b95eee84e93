export { builtinModules, requireBuiltin } from './builtin-modules.ts'
export { agentEntry, builtAgentEntry, bundleAgent } from './bundle.ts'
export { bundleFunction, runnerOf } from './function-bundle.ts'
export type { Settings } from './settings.ts'
