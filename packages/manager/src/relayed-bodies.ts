/** The large bodies that are on their way from one worker to another through the manager, by the number of their stream. */

import { type EncodedBody, type Header, type Mailbox, ProtocolError } from '@dialback/protocol'
import type { ReferenceLedger } from './reference-ledger.ts'
import { checkFlat } from './relay-rules.ts'
import { RelayedBody, type RelayedBodyOptions } from './relayed-body.ts'
import { YoungGarbage } from './young-garbage.ts'

export class RelayedBodies {
  readonly #ledger: ReferenceLedger
  readonly #streams = new Map<number, RelayedBody>()
  readonly #garbage = new YoungGarbage()

  constructor(ledger: ReferenceLedger) {
    this.#ledger = ledger
  }

  get size(): number {
    return this.#streams.size
  }

  /** Expects the body that a header announces, if it comes as chunks. @throws {ProtocolError} when it cannot be like that. */
  expect(header: Header, ends: Omit<RelayedBodyOptions, 'passed'>): void {
    const { stream } = header
    if (stream === undefined) return
    if (this.#streams.has(stream))
      throw new ProtocolError(`Received ${header.type} with a stream that is in use: ${stream}`)
    const passed = (count: number): void => this.#garbage.add(count)
    this.#streams.set(stream, new RelayedBody(header, { ...ends, passed }))
  }

  /** Takes a chunk: true when it is of one of these. @throws {ProtocolError} when it does not fit. */
  chunk(header: Header & { type: 'chunk' }, bytes: Uint8Array | null, from: Mailbox): boolean {
    const stream = this.#streams.get(header.stream)
    if (stream === undefined || stream.source !== from) return false
    checkFlat(header)
    stream.add(header, bytes)
    return true
  }

  /** Takes what the two ends say of how it goes on: true when it is of one of these. @throws {ProtocolError} */
  flow(header: Header & { stream: number; type: 'credit' | 'stop' }, from: Mailbox): boolean {
    const stream = this.#streams.get(header.stream)
    const isSource = stream?.source === from
    const isSink = stream?.sink === from
    if (stream === undefined || !(isSink || (isSource && header.type === 'stop'))) return false
    checkFlat(header)
    if (header.type === 'credit') stream.credit(header.chunks)
    else if (isSource) this.#unfinished(stream)
    // Credit may overtake anything, but a stop must not arrive before what it stops.
    const other = isSource ? stream.sink : stream.source
    other.link.send(header, null, header.type === 'credit')
    if (header.type === 'stop' || stream.isOver) this.#streams.delete(header.stream)
    return true
  }

  /**
   * Tells the other ends of those that a connection which is gone had a part in.
   *
   * @param error what the calls and fetches are told whose answers were on their way
   */
  remove(gone: Mailbox, kind: 'thrown' | 'failed', error: EncodedBody): void {
    for (const [stream, each] of this.#streams) {
      const { source, sink, answers } = each
      if (source === gone) {
        this.#unfinished(each)
        sink.post({ type: 'stop', stream })
        // The answer had begun, so that the call is no longer among those passed on; the rest of it never comes.
        if (answers !== undefined) sink.post({ type: 'error', id: answers, kind }, error)
      } else if (sink === gone) source.post({ type: 'stop', stream })
      else continue
      this.#streams.delete(stream)
    }
  }

  /** The rest of a body never comes. */
  #unfinished({ unreleased, holder }: RelayedBody): void {
    this.#ledger.release(unreleased, holder)
  }
}
