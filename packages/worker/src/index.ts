export { agentEntry, builtAgentEntry, bundleAgent } from './bundle.ts'
export type { Settings } from './settings.ts'
