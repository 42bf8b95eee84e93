/** Pure: what `dialback doctor` has found, and how it is shown. */

import { styleText } from 'node:util'

/** What is looked at, in this order. */
export type Check =
  | 'cluster'
  | 'permission'
  | 'account'
  | 'namespace'
  | 'pod security'
  | 'admission'
  | 'quota'
  | 'scheduling'
  | 'image'
  | 'clock'
  | 'tunnel'
  | 'direct'

export interface Finding {
  readonly check: Check
  /** Which of several, as `create pods`. */
  readonly subject?: string
  /** `note`: not needed here, or not looked at because of something that failed before. */
  readonly status: 'ok' | 'failed' | 'note'
  readonly message: string
  /** What to do about it. */
  readonly advice?: string
}

const marks: Readonly<Record<Finding['status'], string>> = {
  ok: styleText('green', '✓'),
  failed: styleText('red', '✗'),
  note: '–',
}

/** One line, and one more with what to do. */
export function findingText({ check, subject, status, message, advice }: Finding): string {
  const what = subject === undefined ? check : `${check} ${subject}`
  const line = `${marks[status]} ${what}: ${message}`
  return advice === undefined ? line : `${line}\n    ${advice}`
}

/** The last line of a report. @param praise when nothing has failed */
export function summaryText(findings: readonly Finding[], praise: string): string {
  const failed = findings.filter(({ status }) => status === 'failed').length
  if (failed === 0) return praise
  return `${failed} ${failed === 1 ? 'thing is' : 'things are'} to be put right.`
}
