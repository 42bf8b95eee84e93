/** What this thread refers to in the cluster: how often it was told of it, and what still needs it here. */

/** The ends of the things that refer to something; the garbage collector tells of those that nobody ended. */
interface Entry {
  /** How often the manager counts this thread as holding the reference. */
  count: number
  /** Handles that are alive, and bodies that are not decoded. */
  users: number
  handle: WeakRef<object> | undefined
}

export class ReferenceTable {
  readonly #entries = new Map<number, Entry>()
  readonly #send: (refs: readonly number[]) => void
  #released: number[] = []
  readonly #undecoded = new WeakMap<object, readonly number[]>()
  readonly #handles = new FinalizationRegistry<number>((ref) => this.#endUse(ref))
  readonly #bodies = new FinalizationRegistry<readonly number[]>((refs) => {
    for (const ref of refs) this.#endUse(ref)
  })

  /** `send` tells that so many counts of references have ended: `[ref, count, …]`. */
  constructor(send: (refs: readonly number[]) => void) {
    this.#send = send
  }

  get size(): number {
    return this.#entries.size
  }

  /** A body arrived in which these references are: it counts until it is decoded, or dropped. */
  arrived(handles: readonly number[], body: object): void {
    const refs = handles.filter((_, at) => at % 2 === 1)
    for (const ref of refs) {
      const entry = this.#entry(ref)
      entry.count += 1
      entry.users += 1
    }
    this.#undecoded.set(body, refs)
    this.#bodies.register(body, refs, body)
  }

  decoded(body: object): void {
    const refs = this.#undecoded.get(body)
    if (refs === undefined) return
    this.#undecoded.delete(body)
    this.#bodies.unregister(body)
    for (const ref of refs) this.#endUse(ref)
  }

  /** The handle that stands for a reference here, if there is one. */
  find(ref: number): object | undefined {
    return this.#entries.get(ref)?.handle?.deref()
  }

  /** Lets a handle stand for a reference. `isNew`: this thread has just made it known, which counts once. */
  adopt(ref: number, handle: object, isNew: boolean): void {
    const entry = this.#entry(ref)
    entry.users += 1
    if (isNew) entry.count += 1
    entry.handle = new WeakRef(handle)
    this.#handles.register(handle, ref, entry.handle)
  }

  /** The handle no longer needs what it stands for. */
  letGo(ref: number, handle: object): void {
    const entry = this.#entries.get(ref)
    if (entry?.handle === undefined || entry.handle.deref() !== handle) return
    this.#handles.unregister(entry.handle)
    entry.handle = undefined
    this.#endUse(ref)
  }

  #entry(ref: number): Entry {
    const known = this.#entries.get(ref)
    if (known !== undefined) return known
    const entry: Entry = { count: 0, users: 0, handle: undefined }
    this.#entries.set(ref, entry)
    return entry
  }

  #endUse(ref: number): void {
    const entry = this.#entries.get(ref)
    if (entry === undefined) return
    entry.users -= 1
    if (entry.users > 0) return
    this.#entries.delete(ref)
    if (entry.count === 0) return
    if (this.#released.length === 0) queueMicrotask(() => this.#flush())
    this.#released.push(ref, entry.count)
  }

  #flush(): void {
    const released = this.#released
    this.#released = []
    for (let at = 0; at < released.length; at += maxRefs) this.#send(released.slice(at, at + maxRefs))
  }
}

/** In one message. */
const maxRefs = 10_000
