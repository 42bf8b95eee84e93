/** Answers somebody who asks for a value that is kept here. */

import { emptyBody, type Fetch, type Mailbox } from '@dialback/protocol'
import type { ValueStore } from './value-store.ts'

export function answerFetch(values: ValueStore, { id, ref, isWaitOnly }: Fetch, mailbox: Mailbox): void {
  values.get(ref, ({ kind, body, modules }) => {
    const named = modules === undefined ? {} : { modules }
    if (kind !== 'value') mailbox.post({ type: 'error', id, kind, ...named }, body)
    else if (isWaitOnly === true) mailbox.post({ type: 'result', id }, emptyBody)
    else mailbox.post({ type: 'result', id, ...named }, body)
  })
}
