/** Sockets to workers keep nothing alive, so that a script that is done ends; while it waits for workers this does. */

/** Gives the switch: true keeps the process alive until it is told false. */
export function createKeepAlive(): (isHeld: boolean) => void {
  const timer = setInterval(() => {}, 2 ** 30)
  timer.unref()
  return (isHeld) => {
    if (isHeld) timer.ref()
    else timer.unref()
  }
}

/** Keeps the process alive until `work` has settled, as which it settles. */
export async function keptAlive<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, 2 ** 30)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}
