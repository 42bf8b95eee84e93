/** What everything promises wherever workers are: run it for a new kind of place from a test file of its own. */

import { describe } from 'vitest'
import { abortCases } from './aborts.ts'
import { callCases } from './calls.ts'
import { channelCases } from './channels.ts'
import { everywhereCases } from './everywhere.ts'
import { futureCases } from './futures.ts'
import { imapAndPreduceCases } from './imap-preduce.ts'
import { membershipCases } from './membership.ts'
import type { Place } from './place.ts'
import { pmapInputCases } from './pmap-input.ts'
import { pmapLossCases } from './pmap-losses.ts'
import { pmapOptionCases } from './pmap-options.ts'
import { poolHandleCases } from './pool-handles.ts'
import { poolCases } from './pools.ts'

export function conformanceSuite(place: Place): void {
  describe(place.name, () => {
    futureCases(place)
    channelCases(place)
    poolCases(place)
    poolHandleCases(place)
    pmapOptionCases(place)
    pmapInputCases(place)
    pmapLossCases(place)
    imapAndPreduceCases(place)
    abortCases(place)
    everywhereCases(place)
    callCases(place)
    membershipCases(place)
  })
}
