/** Pure: names of pods. */

/** Kubernetes takes longer names, but a pod's host name is cut to this. */
const maxPrefixLength = 57
/** Without vowels, as Kubernetes' own, so that no word comes out. */
const letters = 'bcdfghjklmnpqrstvwxz2456789'
const suffixLength = 5

/** What the names of a manager's workers begin with. @param name of its pod or machine, which is cut where it is too long */
export function workerPrefix(name: string): string {
  const end = '-worker'
  return `${shortened(legalPrefix(name), maxPrefixLength - end.length)}${end}`
}

/** Makes any text the beginning of a legal name: `Ann's Mac.local` → `ann-s-mac-local`. */
export function legalPrefix(text: string): string {
  const legal = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, maxPrefixLength)
    .replace(/-+$/, '')
  return legal === '' ? 'dialback' : legal
}

/** Cuts the beginning of a legal name, so that what follows it makes it one again. */
export function shortened(prefix: string, mostCharacters: number): string {
  return prefix.slice(0, mostCharacters).replace(/[-.]+$/, '')
}

/** Gives different names. `random`: a whole number from 0 to below its argument. */
export function podNames(prefix: string, count: number, random: (below: number) => number): string[] {
  const names = new Set<string>()
  while (names.size < count) {
    const suffix = Array.from({ length: suffixLength }, () => letters[random(letters.length)])
    names.add(`${prefix}-${suffix.join('')}`)
  }
  return [...names]
}
