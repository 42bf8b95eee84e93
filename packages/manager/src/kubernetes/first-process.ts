/** Gives the first process of a container what every other process has: it ends when it is asked to. */

const signals = { SIGTERM: 15, SIGINT: 2 } as const

/** Linux gives process 1 only those signals that it handles. A handler of the script's own comes before this one. */
export function endWhenAsked(): void {
  if (process.pid !== 1) return
  for (const [signal, number] of Object.entries(signals)) {
    if (process.listenerCount(signal) > 0) continue
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + number)
    })
  }
}
