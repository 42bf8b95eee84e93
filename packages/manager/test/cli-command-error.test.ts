import { expect, test } from 'vitest'
import { CommandError, failureText } from '../src/cli/command-error.ts'

test('failureText() is a sentence and what to do', () => {
  const error = new CommandError('Cannot reach the cluster', {
    advice: 'Look at kubectl config current-context',
  })

  expect(failureText(error, false)).toBe(
    'error: Cannot reach the cluster\nLook at kubectl config current-context',
  )
})

test('failureText() of an error that no command foresaw says how to learn more', () => {
  expect(failureText(new TypeError('no luck'), false)).toBe(
    'error: no luck\n(--verbose shows where it comes from)',
  )
})

test('failureText() shows stack and cause to those who ask', () => {
  const text = failureText(new CommandError('Cannot start', { cause: new Error('no image') }), true)

  expect(text).toMatch(/^error: CommandError: Cannot start\n +at [^]*\[cause\]: Error: no image\n +at /)
})
