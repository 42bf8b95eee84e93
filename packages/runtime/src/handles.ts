/** How futures and channels travel: as references to where their values are; a future that was fetched with its value. */

import { ProtocolError } from '@dialback/protocol'
import { Future } from './future.ts'
import { keptSource, settledSource } from './future-source.ts'
import type { HandleHooks } from './handle-hooks.ts'
import type { Reference } from './keeping/keeper-client.ts'
import type { Peer } from './peer.ts'
import { RemoteChannel } from './remote-channel.ts'

export function createHandles(peer: Peer): HandleHooks {
  const { references } = peer.values
  /** One that is here already is the same object. */
  const adopt = (at: Reference, make: () => object): object => {
    const known = references.find(at.ref)
    if (known !== undefined) return known
    const handle = make()
    references.adopt(at.ref, handle, false)
    return handle
  }
  return {
    describeHandle: (value) => {
      if (!(value instanceof RemoteChannel || value instanceof Future)) return undefined
      // There its numbers would mean something else, or nothing that ever comes.
      if (!value.canTravelBy(peer)) return { refused: `${value.constructor.name} of another cluster` }
      if (value instanceof RemoteChannel) {
        const reference = value.toHandle()
        return { tag: 'channel', data: reference, reference }
      }
      const handle = value.toHandle()
      if ('ref' in handle) return { tag: 'future', data: handle, reference: handle }
      return { tag: 'settled', data: { owner: value.owner, ...handle } }
    },
    reviveHandle: (tag, data) => {
      const fields = Object(data) as Readonly<Record<string, unknown>>
      if (tag === 'settled') return settledFuture(fields)
      const at = referenceIn(fields)
      if (at === undefined || (tag !== 'future' && tag !== 'channel'))
        throw new ProtocolError(`Received an unknown handle: ${tag}`)
      if (tag === 'channel') return adopt(at, () => new RemoteChannel(peer, at))
      return adopt(
        at,
        () => new Future({ source: keptSource(peer, at, { isOfCall: fields['isOfCall'] === true }) }),
      )
    },
    decoded: (body) => references.decoded(body),
  }
}

function referenceIn({ owner, ref }: Readonly<Record<string, unknown>>): Reference | undefined {
  return typeof owner === 'number' && typeof ref === 'number' ? { owner, ref } : undefined
}

/** A future that needs no owner. */
function settledFuture({
  owner,
  isFulfilled,
  value,
  error,
}: Readonly<Record<string, unknown>>): Future<unknown> {
  const outcome =
    isFulfilled === true ? ({ isFulfilled, value } as const) : ({ isFulfilled: false, error } as const)
  return new Future<unknown>({ source: settledSource(Number(owner)), outcome })
}
