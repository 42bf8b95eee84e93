/** A connection to V8's inspector within the same thread, which answers at once. */

import { type Runtime, Session } from 'node:inspector'

/** Where the inspector's own JavaScript finds what it is asked about and leaves what it found. */
interface Exchange {
  target: unknown
  found: unknown
}

const exchangeKey = 'dialback.inspector'

/** JavaScript that leads to the exchange from anywhere. */
export const exchangeExpression: string = `globalThis[Symbol.for('${exchangeKey}')]`

const objectGroup = 'dialback'

/** One for all sessions of a thread: each uses it within one turn. */
function sharedExchange(): Exchange {
  const known = Reflect.get(globalThis, Symbol.for(exchangeKey)) as Exchange | undefined
  if (known !== undefined) return known
  const exchange: Exchange = { target: undefined, found: undefined }
  Object.defineProperty(globalThis, Symbol.for(exchangeKey), { value: exchange, enumerable: false })
  return exchange
}

export class V8Session {
  readonly #session = new Session()
  readonly #exchange: Exchange = sharedExchange()

  constructor() {
    this.#session.connect()
  }

  /** Calls back for each event of a name; the result ends that. */
  on<T>(event: string, listener: (params: T) => void): () => void {
    const onEvent = (message: { params: T }): void => listener(message.params)
    this.#session.on(event, onEvent)
    return () => this.#session.off(event, onEvent)
  }

  /** @throws {Error} when V8 refuses, with its reason as the cause. */
  post<T>(method: string, params: object = {}): T {
    let outcome: { error: Error | null; result?: object } | undefined
    this.#session.post(method, params, (error, result) => {
      outcome = { error, ...(result !== undefined && { result }) }
    })
    if (outcome === undefined) throw new Error(`V8 did not answer ${method} at once`)
    if (outcome.error) throw new Error(`V8 could not answer ${method}`, { cause: outcome.error })
    return outcome.result as T
  }

  /** Lets `use` name a value to V8, by the id it is given. */
  withHandle<T>(target: unknown, use: (objectId: string) => T): T {
    this.#exchange.target = target
    try {
      const expression = `${exchangeExpression}.target`
      const { result } = this.post<Runtime.EvaluateReturnType>('Runtime.evaluate', {
        expression,
        objectGroup,
      })
      return use(result.objectId ?? '')
    } finally {
      this.#exchange.target = undefined
      this.#exchange.found = undefined
      this.post('Runtime.releaseObjectGroup', { objectGroup })
    }
  }

  /** Gives the very value that V8 only names by an id: itself, or what `argument` names. */
  take(objectId: string, argument?: Runtime.CallArgument): unknown {
    const taken = argument === undefined ? 'this' : 'value'
    this.post('Runtime.callFunctionOn', {
      objectId,
      functionDeclaration: `function (value) { ${exchangeExpression}.found = ${taken} }`,
      arguments: argument === undefined ? [] : [argument],
      silent: true,
    })
    return this.takeFound()
  }

  /** What the inspector's JavaScript left. */
  takeFound(): unknown {
    const { found } = this.#exchange
    this.#exchange.found = undefined
    return found
  }
}
