/** Counts by name. */

export type Counts = Map<string, number>

/** Counts `name` once more, or `n` times more. */
export function count(counts: Counts, name: string, n = 1): void {
  counts.set(name, (counts.get(name) ?? 0) + n)
}

/** The names that were counted most, highest first, then in the order of the alphabet. */
export function topOf(counts: ReadonlyMap<string, number>, n: number): [string, number][] {
  return [...counts].sort(([a, i], [b, j]) => j - i || (a < b ? -1 : 1)).slice(0, n)
}
