/** Askers that write down what they are answered, and contents to keep. */

import { Codec, noHooks } from '@dialback/protocol'
import type { Asker, Content } from '../src/keeping/content.ts'
import type { Keeper, KeeperQuestion } from '../src/keeping/keeper.ts'

const codec = new Codec(noHooks)
const range = 2 ** 32

export function valueOf(value: unknown, facts: Partial<Content> = {}): Content {
  return { kind: 'value', body: codec.encode(value, 'value'), ...facts }
}

/** What a kept value or failure is. */
function read({ kind, body }: Content): unknown {
  const value = codec.decode(body)
  return kind === 'value' ? value : `${kind}: ${String(value)}`
}

export class Askers {
  /** In order: what each was answered, as `name: answer`. */
  readonly answers: string[] = []
  readonly #keeper: Keeper
  readonly #ref: number
  #lastId = range

  constructor(keeper: Keeper, ref: number) {
    this.#keeper = keeper
    this.#ref = ref
  }

  /** Asks as `name`, and gives the id. */
  ask(name: string, question: Question, content: Content = valueOf(undefined)): number {
    const id = ++this.#lastId
    const asked = { ...question, id, to: 2, ref: this.#ref } as KeeperQuestion
    this.#keeper.ask(asked, content, this.#asker(name, id))
    return id
  }

  put(value: unknown, facts: Partial<Content> = {}): number {
    return this.ask(`put ${String(value)}`, { type: 'put' }, valueOf(value, facts))
  }

  take(name = 'take'): number {
    return this.ask(name, { type: 'take' })
  }

  received(id: number): void {
    this.#keeper.received({ type: 'received', id, to: 2 })
  }

  /** Those since the last time. */
  news(): string[] {
    return this.answers.splice(0)
  }

  #asker(name: string, id: number): Asker {
    const note = (answer: string): void => void this.answers.push(`${name}: ${answer}`)
    return {
      id,
      isHere: false,
      has: () => false,
      give: (content) => note(String(read(content))),
      done: () => note('done'),
      tell: ({ isReady, isOpen }) =>
        note(`${isReady ? 'ready' : 'not ready'}, ${isOpen ? 'open' : 'closed'}`),
    }
  }
}

type Question =
  | { readonly type: 'fetch'; readonly isWaitOnly?: boolean }
  | { readonly type: 'put'; readonly isCall?: boolean }
  | { readonly type: 'take' | 'inspect' | 'close' }
