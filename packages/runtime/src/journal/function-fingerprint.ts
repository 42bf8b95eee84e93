/** Names a function by what it does: its source, what it captured and the modules it uses, wherever these are. */

import { createHash } from 'node:crypto'
import {
  Codec,
  type DescribedFunction,
  type FunctionUse,
  noHooks,
  SerializationError,
} from '@dialback/protocol'
import type { AnyFunction } from '../caller.ts'
import { contentHash } from '../content-hash.ts'
import type { FunctionExchange } from '../reviving/function-exchange.ts'
import type { FunctionShell, ModuleFile, Reference } from '../shipping/shell.ts'

/** Hashes, by part, so that it can be said which one has changed. */
export interface FunctionFingerprint {
  readonly name: string
  /** Of all the others. */
  readonly hash: string
  readonly source: string
  readonly captured: Readonly<Record<string, string>>
  /** By URL. */
  readonly modules: Readonly<Record<string, string>>
}

/**
 * A function that is moved within its file, or with all of its files to another directory, stays the same.
 *
 * @throws {SerializationError} for what cannot travel.
 */
export function functionFingerprint(fn: AnyFunction, exchange: FunctionExchange): FunctionFingerprint {
  return new Fingerprinter(exchange).of(fn)
}

/** What is different in `now`, in words. */
export function differences(before: FunctionFingerprint, now: FunctionFingerprint): string[] {
  const found: string[] = []
  if (before.source !== now.source) found.push('its source')
  for (const name of changedKeys(before.captured, now.captured)) found.push(`the captured "${name}"`)
  for (const url of changedKeys(before.modules, now.modules)) found.push(`the module ${shortName(url)}`)
  return found
}

class Fingerprinter {
  readonly #exchange: FunctionExchange
  readonly #modules = new Map<string, ModuleFile>()
  readonly #codec: Codec

  constructor(exchange: FunctionExchange) {
    this.#exchange = exchange
    this.#codec = new Codec({
      ...noHooks,
      describeFunction: (fn, path, use) => this.#describe(fn, path, use),
    })
  }

  of(fn: AnyFunction): FunctionFingerprint {
    try {
      const { shell, captured } = this.#describe(fn, 'fn', 'value')
      const parts = {
        source: hashOf(JSON.stringify(shell)),
        captured: mapValues(captured, (value, name) =>
          contentHash(this.#codec.encode(value, `fn › captured "${name}"`)),
        ),
        modules: Object.fromEntries([...this.#modules.values()].map((file) => [file.url, contentOf(file)])),
      }
      const modules = Object.values(parts.modules).sort()
      const hash = hashOf(JSON.stringify([parts.source, inOrder(parts.captured), modules]))
      return { name: fn.name, hash, ...parts }
    } finally {
      this.#exchange.sharingDone()
    }
  }

  /** As it is described to be sent, without what is of this place and this process. */
  #describe(fn: AnyFunction, path: string, use: FunctionUse): DescribedFunction {
    const { shell, captured } = this.#exchange.describeFunction(fn, path, use)
    if (use === 'class') this.#refuseHidden(fn, shell, path)
    const ids = new Map<string, string>()
    for (const file of this.#exchange.modulesOf(withoutPlace(shell))) {
      if (file.format === 'source-map') continue
      ids.set(file.id, contentOf(file))
      this.#modules.set(file.id, file)
    }
    return { shell: withContentIds(withoutPlace(shell), ids) as DescribedFunction['shell'], captured }
  }

  /** Nothing tells what is in a socket or in private fields. */
  #refuseHidden(fn: AnyFunction, shell: FunctionShell, path: string): void {
    const isNative =
      shell.kind === 'reference' && ['global', 'builtin', 'runtime'].includes(shell.reference.from)
    if (isNative || this.#exchange.privateMembersOf(fn).length > 0)
      throw new SerializationError(path, fn.name)
  }
}

function withoutPlace(shell: FunctionShell): FunctionShell {
  if (shell.kind === 'reference')
    return { kind: 'reference', reference: referenceWithoutPlace(shell.reference) }
  const { sourceMap: _map, identity: _identity, references, ...rest } = shell
  return {
    ...rest,
    url: '',
    line: 0,
    column: 0,
    references: mapValues(references, referenceWithoutPlace),
  }
}

function referenceWithoutPlace(reference: Reference): Reference {
  return 'url' in reference ? { ...reference, url: '' } : reference
}

/** Ids of modules depend on where these are. Anything else has no string in it that could be one. */
function withContentIds(shell: FunctionShell, ids: ReadonlyMap<string, string>): unknown {
  return JSON.parse(JSON.stringify(shell), (_key, value: unknown) =>
    typeof value === 'string' ? (ids.get(value) ?? value) : value,
  )
}

function contentOf({ format, code, id }: ModuleFile): string {
  return hashOf(`${format} ${code === '' ? id : code}`)
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

function changedKeys(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((key) => a[key] !== b[key])
}

function inOrder(record: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))
}

function shortName(url: string): string {
  return url.replace(/^.*\/(?=[^/]+\/[^/]+$)/, '')
}

function mapValues<V, W>(
  record: Readonly<Record<string, V>>,
  map: (value: V, key: string) => W,
): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]))
}
