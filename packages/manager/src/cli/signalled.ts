/** What ends a command from outside, for one that has to tidy up first. */

import { constants } from 'node:os'

/** Those that a terminal, a shell and a CI job send. */
export const endingSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Calls `heard` for the first of them; another one ends this process at once. */
export function onSignal(
  signals: readonly NodeJS.Signals[],
  heard: (name: NodeJS.Signals) => void,
): Disposable {
  const stopListening = (): void => {
    for (const name of signals) process.off(name, listener)
  }
  const listener = (name: NodeJS.Signals): void => {
    stopListening()
    heard(name)
  }
  for (const name of signals) process.on(name, listener)
  return { [Symbol.dispose]: stopListening }
}

/** 128 and its number, as shells show it. */
export function signalCode(name: NodeJS.Signals): number {
  return 128 + constants.signals[name]
}
