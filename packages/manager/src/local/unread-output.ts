/**
 * What a worker wrote before its result came is in its pipe when the script is done, and nothing keeps the script alive until
 * that is read. So before it ends it goes on, for as long as every turn of the event loop brings more.
 */

let watched = 0
let linesRead = 0
let linesBefore = -1

/** Begins to look after one worker's output; the result ends that. */
export function watchForUnread(): () => void {
  if (watched === 0) process.on('beforeExit', oneMoreTurn)
  watched += 1
  return () => {
    watched -= 1
    if (watched === 0) process.off('beforeExit', oneMoreTurn)
  }
}

/** Tells that a worker's line has come. */
export function noteLine(): void {
  linesRead += 1
}

/** Node emits `beforeExit` again after it. */
function oneMoreTurn(): void {
  if (linesRead === linesBefore) return
  linesBefore = linesRead
  setImmediate(() => {})
}
