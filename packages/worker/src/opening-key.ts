/** What `ws` takes of `node:crypto` for the opening handshake of a WebSocket: the key and the answer to it are there already. */

import type { Opening } from '@dialback/protocol'

let current: Opening | undefined

/** For the next WebSocket of this thread, which makes one at a time. */
export function openWith(opening: Opening): void {
  current = opening
}

/** The key's bytes. A client takes no others: masks are made by `webSocketClientOptions`. */
export function randomBytes(): Buffer {
  return Buffer.from(current?.key ?? '', 'base64')
}

interface Hash {
  update(text: string): Hash
  digest(): string | undefined
}

/** Gives what answers the key, and nothing for another one. */
export function createHash(): Hash {
  let isOurs = false
  const hash: Hash = {
    update(text) {
      isOurs = current !== undefined && text.startsWith(current.key)
      return hash
    },
    digest: () => (isOurs ? current?.accept : undefined),
  }
  return hash
}
