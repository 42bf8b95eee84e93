/** Reads values of unknown shape: a part that is not there, or of another type, is undefined. */

export function recordOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  // Checked to be an object that is no array, whose keys are then texts.
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** A text that is not empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
