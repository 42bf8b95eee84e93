/** What mapped functions note of their calls. A module: what a function captures may not change under a journal. */

/** Items, and where they were in the input. */
export const computed: [item: unknown, index: number][] = []
/** How often functions are yet to fail. */
export const failures = { left: 0 }

/** Gives the item back. */
export function note<T>(item: T, index: number): T {
  computed.push([item, index])
  return item
}

/** What was noted since the last time. */
export function noted(): typeof computed {
  return computed.splice(0).sort(([, a], [, b]) => a - b)
}
