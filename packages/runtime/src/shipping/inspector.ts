/** Asks V8 for what JavaScript itself does not tell about a function: its scopes, its place, its private fields. */

import type { Debugger, Runtime } from 'node:inspector'
import { V8Debugger } from './v8-debugger.ts'
import { V8Session } from './v8-session.ts'

/** The variables of one scope around a function; reading one that is not initialized yet throws a `ReferenceError`. */
export interface Scope {
  /** V8's word: `Block`, `Closure`, `Catch`, `With Block`, `Module`, `Script`, `Global`, … */
  readonly kind: string
  readonly variables: Readonly<Record<string, unknown>>
}

export interface Inspected {
  /** Where V8 says that the function starts; undefined for native and bound functions. Lines and columns start at 0. */
  readonly location?: { readonly script: string; readonly line: number; readonly column: number }
  /** From the innermost to the outermost. */
  readonly scopes: readonly Scope[]
  /** The private static fields of a class, without their `#`. */
  readonly privateStatics: Readonly<Record<string, unknown>>
  /** What a bound function calls, and with what. */
  readonly bound?: { readonly target: unknown; readonly self: unknown; readonly args: unknown }
}

export class Inspector {
  readonly #session = new V8Session()
  readonly debugger: V8Debugger = new V8Debugger(this.#session)

  inspect(fn: object): Inspected {
    return this.#session.withHandle(fn, (objectId) => {
      const properties = this.#session.post<Runtime.GetPropertiesReturnType>('Runtime.getProperties', {
        objectId,
        ownProperties: true,
      })
      const internal = new Map((properties.internalProperties ?? []).map(({ name, value }) => [name, value]))
      const location = internal.get('[[FunctionLocation]]')?.value as Debugger.Location | undefined
      return {
        ...(location !== undefined && {
          location: {
            script: location.scriptId,
            line: location.lineNumber,
            column: location.columnNumber ?? 0,
          },
        }),
        scopes: this.#scopes(internal.get('[[Scopes]]')?.objectId),
        privateStatics: this.#privateFields(objectId, properties),
        ...(internal.has('[[TargetFunction]]') && { bound: this.#bound(objectId, internal) }),
      }
    })
  }

  #bound(
    objectId: string,
    internal: ReadonlyMap<string, Runtime.RemoteObject | undefined>,
  ): NonNullable<Inspected['bound']> {
    const take = (name: string): unknown => {
      const value = internal.get(`[[${name}]]`)
      return value && this.#session.take(objectId, argumentOf(value))
    }
    return { target: take('TargetFunction'), self: take('BoundThis'), args: take('BoundArgs') }
  }

  #scopes(objectId: string | undefined): Scope[] {
    if (objectId === undefined) return []
    const found = this.#session.take(objectId) as ArrayLike<{
      description: string
      object: Record<string, unknown>
    }>
    return Array.from({ length: found.length }, (_, index) => {
      const { description = '', object = {} } = found[index] ?? {}
      return { kind: description.replace(/ \(.*/s, ''), variables: object }
    })
  }

  #privateFields(objectId: string, properties: Runtime.GetPropertiesReturnType): Record<string, unknown> {
    // The types of @types/node leave out what V8 marks as experimental.
    const { privateProperties = [] } = properties as { privateProperties?: Runtime.PropertyDescriptor[] }
    const fields = Object.create(null) as Record<string, unknown>
    for (const { name, value } of privateProperties) {
      if (value !== undefined) fields[name.slice(1)] = this.#session.take(objectId, argumentOf(value))
    }
    return fields
  }
}

function argumentOf(remote: Runtime.RemoteObject): Runtime.CallArgument {
  const { objectId, unserializableValue } = remote
  const value: unknown = remote.value
  if (objectId !== undefined) return { objectId }
  return unserializableValue === undefined ? { value } : { unserializableValue }
}
