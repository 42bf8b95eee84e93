/** Tells the workers who is in the cluster. */

import type { Membership } from './membership.ts'

/**
 * Each thread hears of it before anything else that is sent to it, and soon in any case. When hundreds come or go, one
 * message tells of many of them, and not all threads are told at the same moment: as many messages as there are pairs of
 * workers, each with the ids of all, would keep this process busy for seconds.
 */
export function tellMembers({ all, live }: Membership): void {
  const message = { type: 'members', workers: live } as const
  let withinMs = all.length
  for (const worker of all)
    for (const { mailbox } of worker.threads) mailbox.link.sendLatest(message, withinMs++)
}
