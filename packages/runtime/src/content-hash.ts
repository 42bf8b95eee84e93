/** Names a body by its content. */

import { createHash } from 'node:crypto'
import type { EncodedBody } from '@dialback/protocol'

export function contentHash({ head, buffers }: EncodedBody): string {
  const hash = createHash('sha256').update(head)
  for (const buffer of buffers) hash.update(buffer)
  return hash.digest('base64url')
}
