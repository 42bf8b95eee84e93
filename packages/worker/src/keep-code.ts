/** What `code-cache.ts` gives the bundle that it runs; there is none where the sources are run as they are. */
declare const keepCode: (() => void) | undefined

/** Keeps for later processes what is compiled of this one's code by now, unless they have it. */
export function keepCompiledCode(): void {
  if (typeof keepCode === 'function') keepCode()
}
