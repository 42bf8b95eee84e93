/** Bodies that have the modules with them that they need, for whoever gets them from where they are kept. */

import type { Codec, EncodedBody } from '@dialback/protocol'
import type { Encoded } from '../body-encoder.ts'
import type { FunctionExchange } from '../reviving/function-exchange.ts'
import type { Content } from './content.ts'

interface Packed extends EncodedBody {
  readonly modules: readonly { readonly id: string }[]
  /** Ids of those that are to be loaded before; all, in a journal that was written without it. */
  readonly loaded?: readonly string[]
}

export interface PackingOptions {
  readonly codec: Codec
  readonly exchange: FunctionExchange
  readonly load: (ids: readonly string[]) => Promise<void> | undefined
}

export class Packing {
  readonly #options: PackingOptions

  constructor(options: PackingOptions) {
    this.#options = options
  }

  /** Puts the modules into the body, if there are any. */
  pack({ body, modules, needs, handles }: Encoded): Omit<Content, 'kind'> {
    const facts = handles === undefined ? {} : { handles }
    if (modules.length === 0) return { body, ...facts }
    const { codec, exchange } = this.#options
    const files = modules.map((module) => exchange.toSend(module))
    const packed = { modules: files, loaded: needs.loaded, ...body }
    return { body: codec.encode(packed, 'value'), isPacked: true, ...facts }
  }

  /** Loads the modules of a body that was packed, and decodes it. @throws {ProtocolError} when it is malformed. */
  async unpack(packed: EncodedBody): Promise<unknown> {
    const { codec, exchange, load } = this.#options
    // What it is made of is checked where it is used.
    const { modules, loaded, head, buffers } = codec.decode(packed) as Packed
    exchange.addModules(modules)
    await load(loaded ?? modules.map(({ id }) => id))
    return codec.decode({ head, buffers })
  }
}
