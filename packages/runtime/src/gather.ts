/** Reads an input to its end. */

import type { Clock } from './clock.ts'
import { openSource } from './item-source.ts'

/** @throws what the input throws, or the signal's reason; then the input is closed. */
export async function gather(
  items: unknown,
  signal: AbortSignal | undefined,
  clock: Clock,
): Promise<readonly unknown[]> {
  signal?.throwIfAborted()
  if (isArray(items)) return items
  return await new Promise((resolve, reject) => {
    const list: unknown[] = []
    const read = (): void => {
      try {
        for (let taken = source.take(1_000); taken; taken = source.take(1_000)) list.push(...taken)
        if (source.isDone) end(() => resolve(list))
      } catch (error) {
        end(() => reject(error))
      }
    }
    const source = openSource(items, { onReady: read, onFailure: (error) => end(() => reject(error)) }, clock)
    const onAbort = (): void => {
      end(() => reject(signal?.reason))
      source.close()
    }
    const end = (settle: () => void): void => {
      signal?.removeEventListener('abort', onAbort)
      settle()
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    read()
  })
}

function isArray(items: unknown): items is readonly unknown[] {
  return Array.isArray(items)
}
