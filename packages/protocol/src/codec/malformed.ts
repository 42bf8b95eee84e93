import { ProtocolError } from '../errors.ts'

/** The error of a body that breaks the codec's format; `what` names the part. */
export function malformed(what: string): ProtocolError {
  return new ProtocolError(`Cannot decode a body: malformed ${what}`)
}
