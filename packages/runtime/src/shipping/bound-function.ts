/** Bound functions: they have no source, but what they hold can be told from outside. */

import type { DescribedFunction } from './described-function.ts'
import type { Inspected } from './inspector.ts'

/** What a bound function does, written out. */
const source = `function bound(...args) {
  if (new.target === undefined) return Reflect.apply(target, self, [...held, ...args])
  return Reflect.construct(target, [...held, ...args], new.target === bound ? target : new.target)
}`

export function describeBound(
  { name }: { readonly name: string },
  { target, self, args }: NonNullable<Inspected['bound']>,
): DescribedFunction {
  return {
    shell: {
      kind: 'source',
      source,
      form: 'expression',
      name,
      isStrict: true,
      url: 'dialback:bound',
      line: 0,
      column: 0,
      variables: [
        ['bound function', 'target'],
        ['bound this', 'self'],
        ['bound arguments', 'held'],
      ],
      references: {},
      live: [],
    },
    captured: { 'bound function': target, 'bound this': self, 'bound arguments': args },
  }
}
