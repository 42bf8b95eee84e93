/** Encodes what a batch gave; an item whose value cannot travel fails alone. */

import { SerializationError } from '@dialback/protocol'
import type { BatchRun } from './batch-run.ts'
import { type Encoded, NotLoaded } from './body-encoder.ts'
import type { Carrier } from './carrier.ts'
import { fallbackError } from './fallback-error.ts'
import { dropOwnFrames } from './own-frames.ts'

/** @throws {NotLoaded} when functions are among the values and shipping is not loaded. */
export function encodeOutcome(carrier: Carrier, { values, thrown }: BatchRun): Encoded {
  for (const [, error] of thrown) dropOwnFrames(error)
  const failures: [number, string, unknown][] = thrown.map(([at, error]) => [at, 'thrown', error])
  try {
    return carrier.encode([values, failures], 'result')
  } catch (error) {
    if (!(error instanceof SerializationError)) throw error
  }
  const canTravel = (value: unknown): boolean => carrier.canTravel(value)
  const sendable = values.map((value, at) => {
    try {
      carrier.encode(value, 'result')
      return value
    } catch (error) {
      if (error instanceof NotLoaded) throw error
      failures.push([at, 'failed', error])
      return undefined
    }
  })
  const sendableFailures = failures.map(([at, kind, error]) => [
    at,
    kind,
    canTravel(error) ? error : fallbackError(error, canTravel),
  ])
  return carrier.encode([sendable, sendableFailures], 'result')
}
