import { expect, test } from 'vitest'
import { memoryText, quantityText, quantityValue, sizeText } from '../src/kubernetes/quantity.ts'

test.each([
  [0.2, '0.2', 0.2],
  [1, '1', 1],
  ['200m', '200m', 0.2],
  ['300Mi', '300Mi', 314_572_800],
  ['4Gi', '4Gi', 4_294_967_296],
  ['1Pi', '1Pi', 1_125_899_906_842_624],
  ['1.5Gi', '1.5Gi', 1_610_612_736],
  ['.5', '.5', 0.5],
  ['5.', '5.', 5],
  ['128974848', '128974848', 128_974_848],
  ['129e6', '129e6', 129_000_000],
  ['129M', '129M', 129_000_000],
  ['1E', '1E', 1e18],
  ['123n', '123n', 1.23e-7],
])('quantityText() takes %s as %s', (value, text, units) => {
  expect(quantityText(value, 'memory')).toBe(text)
  expect(quantityValue(value)).toBe(units)
})

test.each(['300MB', '300 Mi', 'lots', '', '1ki', '0x10', 'Mi', '1e', '--1'])(
  'quantityText() refuses %j and repeats it',
  (value) => {
    expect(() => quantityText(value, 'memory')).toThrow(
      new TypeError(`memory must be a Kubernetes quantity (0.2, '200m', '300Mi', '1Gi'): '${value}'`),
    )
  },
)

test.each([
  [true, 'true'],
  [null, 'null'],
  [{}, '{}'],
  [5n, '5n'],
])('quantityText() refuses what is neither number nor text: %s', (value, text) => {
  expect(() => quantityText(value, 'cpu')).toThrow(TypeError)
  expect(() => quantityText(value, 'cpu')).toThrow(`: ${text}`)
})

test.each([
  [0, '0'],
  [-1, '-1'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, 'Infinity'],
  ['-200m', "'-200m'"],
  ['0Mi', "'0Mi'"],
  ['9Ei', "'9Ei'"],
])('quantityText() refuses %s as out of range', (value, text) => {
  expect(() => quantityText(value, 'cpu')).toThrow(
    new RangeError(`cpu must be more than 0 and less than 8Ei: ${text}`),
  )
})

test('memoryText() refuses what nothing starts in', () => {
  expect(memoryText('1Mi', 'memory')).toBe('1Mi')
  expect(memoryText(300 * 2 ** 20, 'memory')).toBe('314572800')
  expect(() => memoryText('1023Ki', 'It')).toThrow(
    new RangeError("It must be at least 1Mi; a number without a unit is bytes: '1023Ki'"),
  )
  expect(() => memoryText('x', 'memory')).toThrow(TypeError)
})

test.each([
  ['300Mi', '300Mi'],
  ['1536Mi', '1536Mi'],
  ['500M', '500M'],
  ['1e9', '1e9'],
  ['322122547200m', '307.2Mi'],
  ['314572800', '300Mi'],
])('sizeText() makes of %s %s', (quantity, text) => {
  expect(sizeText(quantity)).toBe(text)
})
