export { agentEntry, bundleAgent } from './bundle.ts'
export type { Settings } from './settings.ts'
