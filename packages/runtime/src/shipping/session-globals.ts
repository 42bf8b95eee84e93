/** Names that an interactive session has put into the global object for its user, as if they had been declared there. */

/** They travel like variables: workers have no such session. */
export const sessionGlobals: Set<string> = new Set()
