/** Durations as the public API takes them: seconds, or a string with its unit. */

/** A number is seconds; a string carries its unit: `'250ms'`, `'30s'`, `'5m'`, `'1h'`. */
export type Duration = number | string

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** With more, Node's timers fire at once. */
const longestTimerMs = 2 ** 31 - 1

/**
 * Gives a duration in milliseconds; of what is longer than a timer can be, 24 days, those.
 *
 * @throws {TypeError} when `value` is neither a number nor a string of a number and a unit.
 * @throws {RangeError} when it is negative or not finite.
 */
export function durationMs(value: unknown, name: string): number {
  if (typeof value === 'number') return inRange(value * 1_000, value, name)
  if (typeof value !== 'string')
    throw new TypeError(
      `${name} must be a duration (seconds, or '250ms', '30s', '5m', '1h'): ${describe(value)}`,
    )
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(value)
  if (!match)
    throw new TypeError(
      `${name} must be a duration (seconds, or '250ms', '30s', '5m', '1h'): ${describe(value)}`,
    )
  return inRange(Number(match[1]) * (unitMs[match[2] ?? ''] ?? Number.NaN), value, name)
}

function inRange(ms: number, value: unknown, name: string): number {
  if (!(ms >= 0 && Number.isFinite(ms)))
    throw new RangeError(`${name} must be at least 0 and finite: ${describe(value)}`)
  return Math.min(ms, longestTimerMs)
}

/**
 * How a received value reads in an error: strings quoted, objects as JSON, or by their class where that is `{}`, the rest as
 * `String` gives it; never throws, never long.
 */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 200)}'`
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return String(value).slice(0, 200)
  try {
    const text = JSON.stringify(value)?.slice(0, 80) ?? 'an object'
    return text === '{}' ? classNameOf(value) : text
  } catch {
    // Circular, or with a bigint in it.
    return 'an object'
  }
}

/** Of a Promise or a Map, for instance, `{}` would say nothing. */
function classNameOf(value: object): string {
  const { constructor } = value
  const name = typeof constructor === 'function' ? constructor.name : ''
  return name === '' || name === 'Object' ? '{}' : name.slice(0, 80)
}
