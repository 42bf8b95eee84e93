/**
 * msgpackr without the native addition that its main entry looks for, which takes a fifth of the start of a script; it
 * speeds up no more than the decoding of very many strings.
 */

import type * as Declared from 'msgpackr'
import * as msgpackr from 'msgpackr/pack'

// This entry has the same names; what it declares of them leads nowhere.
const entry: unknown = msgpackr
const { Packr: Class, REUSE_BUFFER_MODE: reuse, RESET_BUFFER_MODE: reset } = entry as typeof Declared

export const Packr: typeof Declared.Packr = Class
export const REUSE_BUFFER_MODE: typeof Declared.REUSE_BUFFER_MODE = reuse
export const RESET_BUFFER_MODE: typeof Declared.RESET_BUFFER_MODE = reset
