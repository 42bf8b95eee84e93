/** How a run repeats, times and reports what it measures. */

export interface Measurement {
  readonly peer: string
  readonly workload: string
  readonly metric: string
  readonly unit: string
  readonly min: number
  readonly median: number
  readonly max: number
  /** The number of repetitions. */
  readonly n: number
  /** What the caller got to read, where the outcome is an error. */
  readonly error?: string
}

/** What one workload gets to run with. */
export interface Bench {
  /** Repeats up to `times` (2 in a quick run), but at least twice and no more once 60 s have passed. */
  repeat<T>(times: number, body: (round: number) => Promise<T>): Promise<T[]>
  report(metric: string, unit: string, values: readonly number[], error?: string): void
}

const repeatBudgetMs = 60_000

export function createBench(
  peer: string,
  workload: string,
  { isQuick }: { isQuick: boolean },
  write: (measurement: Measurement) => void,
): Bench {
  return {
    async repeat(times, body) {
      const results = []
      const start = performance.now()
      const wanted = isQuick ? Math.min(times, 2) : times
      for (let i = 0; i < wanted && (i < 2 || performance.now() - start < repeatBudgetMs); i++)
        results.push(await body(i))
      return results
    },
    report(metric, unit, values, error) {
      write({
        peer,
        workload,
        metric,
        unit,
        min: round(Math.min(...values)),
        median: round(median(values)),
        max: round(Math.max(...values)),
        n: values.length,
        ...(error !== undefined && { error }),
      })
    },
  }
}

/** More digits than any figure is good for. */
function round(value: number): number {
  return Number(value.toPrecision(4))
}

/** Of no values: NaN. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[sorted.length >> 1] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[sorted.length / 2 - 1] ?? Number.NaN) + upper) / 2
}

export async function seconds(body: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await body()
  return (performance.now() - start) / 1000
}

/** A peer that answers fast and wrong has measured nothing. */
export function check(isRight: boolean, what: string): void {
  if (!isRight) throw new Error(`Wrong result: ${what}`)
}
