/** What `dialback doctor --json` prints of each thing that it has looked at, as docs/cli.md has it. */
export interface Finding {
  readonly check: string
  readonly subject?: string
  readonly status: 'ok' | 'failed' | 'note'
  readonly message: string
  readonly advice?: string
}
