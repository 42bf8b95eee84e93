/**
 * What a worker wrote before its result came is in its pipe when the script is done, and nothing keeps the script alive until
 * that is read. So before it ends it goes on, for as long as every turn of the event loop brings more. A line that has not
 * ended by then, as of what was written without a line's end, is shown as it is.
 */

const rests = new Set<() => void>()
let watched = 0
let chunksRead = 0
let chunksBefore = -1

/** Begins to look after one worker's output; the result ends that. */
export function watchForUnread(): () => void {
  if (watched === 0) process.on('beforeExit', oneMoreTurn)
  watched += 1
  return () => {
    watched -= 1
    if (watched === 0) process.off('beforeExit', oneMoreTurn)
  }
}

/** Tells that something of a worker's output has come. */
export function noteOutput(): void {
  chunksRead += 1
}

/** Has `takeRest` called before the script ends, when no more comes; the result ends that. */
export function watchRest(takeRest: () => void): () => void {
  rests.add(takeRest)
  return () => void rests.delete(takeRest)
}

/** Node emits `beforeExit` again after a turn. */
function oneMoreTurn(): void {
  if (chunksRead === chunksBefore) {
    for (const takeRest of rests) takeRest()
    return
  }
  chunksBefore = chunksRead
  setImmediate(() => {})
}
