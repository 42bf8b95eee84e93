/** What the codec leaves to its user: functions, classes and handles. */

import { ProtocolError, SerializationError } from '../errors.ts'

/** A function or a class; which parameters it takes is nothing that the codec knows. */
export type AnyFunction = (...args: never[]) => unknown

/**
 * Why a function travels: as a value, or as the class of an instance of which only the own enumerable properties go with it.
 * A class of Node's, say `net.Socket`, may well travel as a value, by its name; its instances are more than their properties.
 */
export type FunctionUse = 'value' | 'class'

/** How a function travels, as plain acyclic data that the codec does not look into. */
export interface FunctionShell {
  readonly [key: string]: unknown
}

/** A function made ready to travel. */
export interface DescribedFunction {
  readonly shell: FunctionShell
  /** Values by name; they may contain functions, cycles and the function itself. */
  readonly captured: Readonly<Record<string, unknown>>
}

/** A function made of its shell, before what it captured exists. */
export interface RevivedFunction {
  readonly fn: unknown
  /**
   * Gives the function what it captured. Called once, after every value of the body exists; functions among `captured`
   * have been filled before, as far as they do not capture each other.
   */
  fill(captured: Record<string, unknown>): void
}

/** A handle made ready to travel; `data` is plain and acyclic. */
export interface DescribedHandle {
  readonly tag: string
  readonly data: unknown
}

/** A handle that may not travel to where it was to go. */
export interface RefusedHandle {
  /** What it is, as the error names it. */
  readonly refused: string
}

export interface CodecHooks {
  /**
   * Says how a function or class found in a value travels; `path` says where it, or the instance whose class it is, was found.
   *
   * @throws {SerializationError} when it cannot.
   */
  describeFunction(fn: AnyFunction, path: string, use: FunctionUse): DescribedFunction
  /** Makes the function of a shell. Whether a peer may send functions is decided here; what is thrown leaves `decode` as it is. */
  reviveFunction(shell: FunctionShell): RevivedFunction
  /** Describes an object that is a handle, undefined when it is none. Not asked about plain objects, arrays and built-in classes. */
  describeHandle(value: object): DescribedHandle | RefusedHandle | undefined
  /** Makes the handle of a description. What is thrown leaves `decode` as it is. */
  reviveHandle(tag: string, data: unknown): unknown
}

/** Hooks for plain data: functions and class instances are refused, and there are no handles. */
export const noHooks: CodecHooks = {
  describeFunction(_fn, path): never {
    throw new SerializationError(path, 'function')
  },
  reviveFunction(): never {
    throw new ProtocolError('Cannot decode a body: functions are not accepted')
  },
  describeHandle(): undefined {
    return undefined
  },
  reviveHandle(): never {
    throw new ProtocolError('Cannot decode a body: handles are not accepted')
  },
}
