/** Pure: what a container's `NODE_OPTIONS` are. */

/** Of the container's memory: the rest is for buffers, code and stacks, which are no part of the heap. */
const heap = '--max-old-space-size-percentage=75'

/** To Node the percentage counts before a size, whichever comes last. V8 takes `_` for `-`. */
const heapSize = /--max[-_](old[-_]space[-_]size|heap[-_]size)/

/** @param given by the user, whose size of the heap counts where there is one */
export function nodeOptions(given: string | undefined): string {
  if (given === undefined) return heap
  return heapSize.test(given) ? given : `${heap} ${given}`
}
