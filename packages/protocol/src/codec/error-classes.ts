/** The error classes that every process has, by the name under which they travel. */

import {
  AbortError,
  AuthenticationError,
  ChannelClosedError,
  FutureSetError,
  JournalError,
  LaunchError,
  ProtocolError,
  RemoteError,
  SerializationError,
  ThreadReplacedError,
  VersionMismatchError,
  WorkerTerminatedError,
} from '../errors.ts'

const classes: Readonly<Record<string, unknown>> = {
  Error,
  AggregateError,
  EvalError,
  RangeError,
  ReferenceError,
  SuppressedError,
  SyntaxError,
  TypeError,
  URIError,
  AbortError,
  AuthenticationError,
  JournalError,
  ChannelClosedError,
  FutureSetError,
  LaunchError,
  ProtocolError,
  RemoteError,
  SerializationError,
  ThreadReplacedError,
  VersionMismatchError,
  WorkerTerminatedError,
}

/** By class name: the prototype of its instances. */
export const errorPrototypes: ReadonlyMap<string, object> = new Map(
  Object.entries(classes).flatMap(([name, value]): [string, object][] => {
    const prototype: unknown = typeof value === 'function' ? value.prototype : undefined
    return typeof prototype === 'object' && prototype !== null ? [[name, prototype]] : []
  }),
)

/** By prototype: the name of the class. */
export const errorNames: ReadonlyMap<unknown, string> = new Map(
  [...errorPrototypes].map(([name, prototype]): [unknown, string] => [prototype, name]),
)
