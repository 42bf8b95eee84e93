/** Adds to a refusal where in the user's source the variable is used that leads to what cannot travel. */

import { SerializationError } from '@dialback/protocol'

/** A function that was described, and where it uses each of its variables. */
export interface DescribedPlace {
  readonly path: string
  readonly placeOf: (name: string) => string | undefined
}

export function withPlace(
  error: SerializationError,
  described: readonly DescribedPlace[],
): SerializationError {
  const what = error.message.slice(`Cannot send ${error.path}: `.length)
  // What is wrong within a function that was captured has its own place in there.
  if (/\(\S+:\d+:\d+\)$/.test(what)) return error
  const places = placesOn(error.path, described)
  const place = places.find((each) => !each.includes('node_modules/')) ?? places[0]
  return place === undefined ? error : new SerializationError(error.path, `${what} (${place})`)
}

/** Where the functions on the way to a value use what leads to it, from the innermost on. */
function placesOn(way: string, described: readonly DescribedPlace[]): string[] {
  const places: string[] = []
  for (const { path, placeOf } of described.toReversed()) {
    const rest = way.startsWith(`${path} › captured "`) ? way.slice(path.length + 13) : undefined
    const name = rest?.slice(0, rest.indexOf('"'))
    const place = name === undefined ? undefined : placeOf(name)
    if (place !== undefined) places.push(place)
  }
  return places
}
