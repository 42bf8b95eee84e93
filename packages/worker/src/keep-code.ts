/** What `code-cache.ts` gives the bundle that it runs. */
declare const keepCode: () => void

/** Keeps for later processes what is compiled of this one's code by now, unless they have it. */
export function keepCompiledCode(): void {
  keepCode()
}
