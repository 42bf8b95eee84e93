/** Defines globals of this process: what `everywhere({ … })` runs on each. */
export function defineGlobals(values: Readonly<Record<string, unknown>>): void {
  Object.assign(globalThis, values)
}
