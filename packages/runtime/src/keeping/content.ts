/** What is kept of a value, and who asks for it. Nothing here decodes what users sent. */

import { Codec, type EncodedBody, emptyBody, type Mailbox, noHooks, rangeOf } from '@dialback/protocol'

/** A value, or how it failed, until somebody fetches or takes it. */
export interface Content {
  readonly kind: 'value' | 'thrown' | 'failed'
  readonly body: EncodedBody
  /** The body has the modules that the value needs with it. */
  readonly isPacked?: boolean | undefined
  /** References in the body: `[owner, ref, …]`. They count as held here while it is kept. */
  readonly handles?: readonly number[] | undefined
  /** The value itself, instead of a body, where the process that keeps it runs user code in the same thread. */
  readonly here?: { readonly value: unknown }
  /** The `put` by which a thread of this process gave it, which has the value itself. */
  readonly own?: number
}

/** How it stands with a future or a channel. */
export interface PlaceState {
  readonly isReady: boolean
  readonly isOpen: boolean
}

/** Somebody who waits for the answer to one message. Exactly one of the answers is given. */
export interface Asker {
  readonly id: number
  /** It is in this very process: what it is given has arrived. */
  readonly isHere: boolean
  /** Whether this is the thread that has the value itself. */
  has(content: Content): boolean
  /** Answers with a value or failure. @throws {SerializationError} when a value that is here cannot travel. */
  give(content: Content): void
  /** Answers that it is done. */
  done(): void
  tell(state: PlaceState): void
}

export const nothing: Content = { kind: 'value', body: emptyBody }

/** Encodes an error of ours to answer with. */
export function failure(error: unknown): Content {
  const thrown = error instanceof Error ? error : new Error(String(error))
  return { kind: 'failed', body: new Codec(noHooks).encode(thrown, 'error') }
}

/** Makes what is kept for long not hold on to more memory than it is: small bodies are views of all that came with them. */
export function compact(content: Content): Content {
  const { head, buffers } = content.body
  if (isWhole(head) && buffers.every(isWhole)) return content
  return { ...content, body: { head: ownCopy(head), buffers: buffers.map(ownCopy) } }
}

/** What the header of a message that brings a content says of it. */
export function factsOf({ isPacked, handles }: Content): { isPacked?: boolean; handles?: readonly number[] } {
  return { ...(isPacked === true && { isPacked }), ...(handles !== undefined && { handles }) }
}

/** The asker of a message that came over a connection; `encode` makes bodies of values that are here. */
export function askerOver(id: number, mailbox: Mailbox, encode: (value: unknown) => Content): Asker {
  const has = ({ own }: Content): boolean => own !== undefined && rangeOf(own) === rangeOf(id)
  return {
    id,
    isHere: false,
    has,
    give(content) {
      if (content.own !== undefined && has(content)) {
        mailbox.post({ type: 'result', id, own: content.own })
        return
      }
      const encoded = content.here === undefined ? content : encode(content.here.value)
      const { kind, body } = encoded
      if (kind === 'value') mailbox.post({ type: 'result', id, ...factsOf(encoded) }, body)
      else mailbox.post({ type: 'error', id, kind, ...factsOf(encoded) }, body)
    },
    done: () => mailbox.post({ type: 'result', id }, emptyBody),
    tell: (state) => mailbox.post({ type: 'state', id, ...state }),
  }
}

function isWhole({ byteLength, buffer }: Uint8Array): boolean {
  return 2 * byteLength >= buffer.byteLength
}

function ownCopy(bytes: Uint8Array): Uint8Array {
  return isWhole(bytes) ? bytes : new Uint8Array(bytes)
}
