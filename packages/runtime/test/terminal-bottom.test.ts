import { expect, test } from 'vitest'
import { ProgressBars } from '../src/progress-bars.ts'
import { TerminalBottom } from '../src/terminal-bottom.ts'

const escape = '\u001b'
const parts = new RegExp(`${escape}\\[2K|${escape}\\[1A|\r|\n|[^${escape}\r\n]+`, 'g')

/** A terminal as its user sees it: lines, and what `\r`, "erase line" and "up" do to them. */
class Screen {
  readonly isTTY = true
  lines: string[] = ['']

  write(text: string): boolean {
    for (const [part] of text.matchAll(parts)) {
      if (part === '\n') this.lines.push('')
      else if (part === '\u001b[1A') this.lines.pop()
      else if (part === '\u001b[2K') this.lines[this.lines.length - 1] = ''
      else if (part !== '\r') this.lines[this.lines.length - 1] += part
    }
    return true
  }
}

function terminal() {
  const screen = new Screen()
  const bottom = new TerminalBottom([screen])
  return { screen, bottom, bars: new ProgressBars(screen, bottom) }
}

test('ProgressBars stay below what others write, and leave their last state', () => {
  const { screen, bars } = terminal()
  const bar = {}
  bars.draw(bar, 'bar 1/3')
  screen.write('a line\nanother\n')
  bars.draw(bar, 'bar 2/3')
  expect(screen.lines).toEqual(['a line', 'another', 'bar 2/3'])

  bars.finish(bar, 'bar 3/3')
  screen.write('after')

  expect(screen.lines).toEqual(['a line', 'another', 'bar 3/3', 'after'])
})

test('ProgressBars of several maps stand below one another', () => {
  const { screen, bars } = terminal()
  const [first, second] = [{}, {}]
  bars.draw(first, 'first 1')
  bars.draw(second, 'second 1')
  screen.write('a line\n')
  bars.draw(first, 'first 2')
  expect(screen.lines).toEqual(['a line', 'first 2', 'second 1'])

  bars.finish(first, 'first 3')
  expect(screen.lines).toEqual(['a line', 'first 3', 'second 1'])
  bars.finish(second, 'second 2')
  expect(screen.lines).toEqual(['a line', 'first 3', 'second 2', ''])
})

test('ProgressBars wait while a line of somebody else is not at its end', () => {
  const { screen, bars } = terminal()
  const bar = {}
  bars.draw(bar, 'bar 1')
  screen.write('half a ')
  bars.draw(bar, 'bar 2')
  expect(screen.lines).toEqual(['half a '])

  screen.write('line\n')

  expect(screen.lines).toEqual(['half a line', 'bar 2'])
})

test('ProgressBars are not drawn over a prompt', () => {
  const { screen, bottom, bars } = terminal()
  const prompt = { hide: () => screen.write('\r\u001b[2K'), show: () => screen.write('> typed') }
  prompt.show()
  bottom.take(prompt)
  const bar = {}
  bars.draw(bar, 'bar 1')
  screen.write('a line\n')

  expect(screen.lines).toEqual(['a line', '> typed'])
  bars.finish(bar, 'bar 2')
  expect(screen.lines).toEqual(['a line', 'bar 2', '> typed'])
  bottom.leave(prompt)
})
