import { makeManager } from '../contract/local-manager.ts'
import { conformanceSuite } from './suite.ts'

conformanceSuite({
  name: 'local processes',
  makeManager,
  caseLimitMs: 30_000,
  startLimitMs: 30_000,
})
