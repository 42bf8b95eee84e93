/** Where workers get the modules of a program from. */

export interface CodeOptions {
  /**
   * Names of packages that each worker imports from its own image instead of being sent them: those with native addons, or
   * that are large. @default []
   */
  readonly external?: readonly string[] | undefined
  /**
   * `ship`: workers are sent the modules that functions use. `image`: they import them from the same paths of their image,
   * whose files must have the same content. @default 'ship'
   */
  readonly code?: 'ship' | 'image' | undefined
}

/** The options with what was not given filled in. */
export interface ResolvedCodeOptions {
  readonly external: readonly string[]
  readonly code: 'ship' | 'image'
}
