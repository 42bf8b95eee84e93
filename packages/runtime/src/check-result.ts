/** Refuses what the `next` of an iterator must not give. */

import { describe } from '@dialback/protocol'

/**
 * Without this an iterator that gives nothing of use would never come to an end.
 *
 * @throws {TypeError} for what is no object, as `for … of` does.
 */
export function checkResult(result: unknown): void {
  if (typeof result !== 'object' || result === null)
    throw new TypeError(`An iterator of items must give objects: ${describe(result)}`)
}
