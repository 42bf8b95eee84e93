import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkNode } from '../src/run-published.ts'

test.each(['20.20.2', '22.21.0', '23.11.1'])(
  'checkNode() refuses Node %s, and says what is needed',
  (version) => {
    expect(() => checkNode(version)).toThrow(
      new Error(`Cannot run @dialback/manager on Node ${version}: it needs 24 or later`),
    )
  },
)

test.each([process.versions.node, '24.0.0', '26.10.0', '100.0.0'])('checkNode() takes Node %s', (version) => {
  expect(() => checkNode(version)).not.toThrow()
})

test('checkNode() needs what the package says that it needs', () => {
  const manifest = readFileSync(new URL('../../manager/package.json', import.meta.url), 'utf8')
  const { engines } = JSON.parse(manifest) as { engines: { node: string } }
  const oldest = Number(/^>=(\d+)$/.exec(engines.node)?.[1])

  expect(() => checkNode(`${oldest}.0.0`)).not.toThrow()
  expect(() => checkNode(`${oldest - 1}.99.0`)).toThrow(`needs ${oldest} or later`)
})
