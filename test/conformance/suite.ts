/** What everything promises wherever workers are: run it for a new kind of place from a test file of its own. */

import { describe } from 'vitest'
import type { Place } from './place.ts'
import { poolHandleCases } from './pool-handles.ts'
import { poolCases } from './pools.ts'

export function conformanceSuite(place: Place): void {
  describe(place.name, () => {
    poolCases(place)
    poolHandleCases(place)
  })
}
