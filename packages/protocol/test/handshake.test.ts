import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { AuthenticationError, ProtocolError, VersionMismatchError } from '../src/errors.ts'
import {
  type Abort,
  decodeHello,
  decodeWelcome,
  encodeHandshake,
  type Hello,
  isSame,
  judgeHello,
  proofOf,
  protocolVersion,
  type Welcome,
} from '../src/handshake.ts'
import { limits } from '../src/limits.ts'

const packr = new Packr({ useRecords: false })
const hello: Hello = {
  type: 'hello',
  protocol: protocolVersion,
  runtime: 'v24.1.0',
  name: 'local-2',
  token: 'secret',
  nonce: '00ff',
  connection: 'thread 0.0',
  pid: 100,
  received: 3,
  memory: { pid: 100, fd: 20, mark: 'ab12' },
}
const welcome: Welcome = {
  type: 'welcome',
  workerId: 2,
  idRange: 1,
  proof: proofOf('secret', '00ff'),
  received: 4,
  heartbeatIntervalMs: 3_000,
  silenceLimitMs: 15_000,
  memory: { pid: 1, fd: 21, mark: 'cd34' },
}
const pod = { name: 'w-1', uid: 'ab-12', node: 'n-1', cpuMillis: 200, memoryBytes: 314_572_800 }
const noPod = [
  null,
  'x',
  {},
  { name: 'w-1' },
  { ...pod, uid: 5 },
  { ...pod, node: 5 },
  { ...pod, cpuMillis: '200m' },
  { ...pod, memoryBytes: -1 },
]
const noCount = [undefined, null, -1, 1.5, '1', 1n << 62n, {}]
const noText = [undefined, null, 1, {}, ['x'], 'x'.repeat(1_025)]
const noProbe = [
  null,
  'x',
  {},
  { pid: 1, fd: 2 },
  { pid: -1, fd: 2, mark: 'a' },
  { pid: 1, fd: '2/../../..', mark: 'a' },
  { pid: 1, fd: 2, mark: 3 },
]

const refusal: Abort = { type: 'abort', code: 'PROTOCOL', message: 'no' }

test.each([
  [
    hello,
    'de000aa474797065a568656c6c6fa870726f746f636f6c01a772756e74696d65a77632342e312e30a46e616d65a76c6f63616c2d32a5746f6b656ea6736563726574a56e6f6e6365a430306666aa636f6e6e656374696f6eaa74687265616420302e30a370696464a8726563656976656403a66d656d6f7279de0003a370696464a2666414a46d61726ba461623132',
  ],
  [
    welcome,
    'de0008a474797065a777656c636f6d65a8776f726b6572496402a7696452616e676501a570726f6f66d94061343139653365646135653231643534306235646238346534313030313764326631373538636434353835366439333338373237396263646536313361343138a8726563656976656404b3686561727462656174496e74657276616c4d73cd0bb8ae73696c656e63654c696d69744d73cd3a98a66d656d6f7279de0003a370696401a2666415a46d61726ba463643334',
  ],
  [refusal, 'de0003a474797065a561626f7274a4636f6465a850524f544f434f4ca76d657373616765a26e6f'],
])('$type has the bytes that it always had', (message, hex) => {
  expect(Buffer.from(encodeHandshake(message)).toString('hex')).toBe(hex)
})

test('a hello of a pod has the bytes that it always had', () => {
  const { memory: _, ...alone } = hello
  expect(Buffer.from(encodeHandshake({ ...alone, pod })).toString('hex')).toBe(
    'de000aa474797065a568656c6c6fa870726f746f636f6c01a772756e74696d65a77632342e312e30a46e616d65a76c6f63616c2d32a5746f6b656ea6736563726574a56e6f6e6365a430306666aa636f6e6e656374696f6eaa74687265616420302e30a370696464a8726563656976656403a3706f64de0005a46e616d65a3772d31a3756964a561622d3132a46e6f6465a36e2d31a96370754d696c6c6973ccc8ab6d656d6f72794279746573ce12c00000',
  )
})

test('decodeHello() and decodeWelcome() give what was encoded, with and without shared memory', () => {
  const { memory: _, ...alone } = hello
  const { memory: __, ...answer } = welcome
  expect(decodeHello(encodeHandshake(hello))).toEqual(hello)
  expect(decodeHello(encodeHandshake(alone))).toEqual(alone)
  expect(decodeHello(encodeHandshake({ ...alone, pod }))).toEqual({ ...alone, pod })
  expect(decodeHello(encodeHandshake({ ...alone, pod: { name: 'w-1', uid: 'a' } }))).toMatchObject({
    pod: { name: 'w-1', uid: 'a' },
  })
  expect(decodeWelcome(encodeHandshake(welcome))).toEqual(welcome)
  expect(decodeWelcome(encodeHandshake(answer))).toEqual(answer)
})

test.each(
  Object.entries({
    type: ['welcome', undefined, ['hello']],
    protocol: noCount,
    runtime: noText,
    name: noText,
    token: noText,
    nonce: noText,
    connection: noText,
    pid: noCount,
    received: noCount,
    memory: noProbe,
    pod: noPod,
  }),
)('decodeHello() names a wrong %s', (field, values: readonly unknown[]) => {
  for (const value of values) {
    const bytes = packr.pack({ ...hello, [field]: value })
    expect(() => decodeHello(bytes)).toThrow(ProtocolError)
    expect(() => decodeHello(bytes)).toThrow(`Received a handshake with a wrong ${field}: `)
  }
})

test.each(
  Object.entries({
    type: ['hello', undefined],
    workerId: noCount,
    idRange: noCount,
    proof: noText,
    received: noCount,
    heartbeatIntervalMs: noCount,
    silenceLimitMs: noCount,
    memory: noProbe,
  }),
)('decodeWelcome() names a wrong %s', (field, values: readonly unknown[]) => {
  for (const value of values) {
    const bytes = packr.pack({ ...welcome, [field]: value })
    expect(() => decodeWelcome(bytes)).toThrow(`Received a handshake with a wrong ${field}: `)
  }
})

test.each([
  ['AUTHENTICATION', AuthenticationError],
  ['VERSION_MISMATCH', VersionMismatchError],
  ['PROTOCOL', ProtocolError],
  ['SOMETHING_ELSE', ProtocolError],
])('decodeWelcome() of an abort with %s throws its error', (code, errorClass) => {
  const bytes = packr.pack({ type: 'abort', code, message: 'why' })
  expect(() => decodeWelcome(bytes)).toThrow(errorClass)
  expect(() => decodeWelcome(bytes)).toThrow('The manager refused the connection: why')
})

test.each([
  ['x'.repeat(10_000), `The manager refused the connection: ${'x'.repeat(500)}`],
  [{ toString: 1 }, 'The manager refused the connection: {"toString":1}'],
  [undefined, 'The manager refused the connection: undefined'],
])('decodeWelcome() of an abort survives a hostile message', (message, text) => {
  const bytes = packr.pack({ type: 'abort', code: 'PROTOCOL', message })
  expect(() => decodeWelcome(bytes)).toThrow(new ProtocolError(text))
})

describe.each([
  ['decodeHello', decodeHello, encodeHandshake(hello)],
  ['decodeWelcome', decodeWelcome, encodeHandshake(welcome)],
] as const)('%s()', (_, decode, good) => {
  test('refuses each handshake that was cut short', () => {
    for (let length = 0; length < good.byteLength; length++) {
      expect(() => decode(good.subarray(0, length))).toThrow(ProtocolError)
    }
  })

  test('refuses one that is too large before it is decoded', () => {
    const bytes = Buffer.concat([good, Buffer.alloc(limits.maxHelloBytes)])
    expect(() => decode(bytes)).toThrow(
      new ProtocolError(`Received a handshake of ${bytes.byteLength} bytes`),
    )
  })

  test.each([[packr.pack(null)], [packr.pack('hello')], [packr.pack(5)]])(
    'refuses what is no object',
    (bytes) => {
      expect(() => decode(bytes)).toThrow(new ProtocolError('Received a handshake that is no object'))
    },
  )

  test('refuses a circular value and one that no JSON can tell', () => {
    const circular: Record<string, unknown> = { type: 'hello' }
    circular['protocol'] = circular
    circular['workerId'] = circular
    const structured = new Packr({ structuredClone: true, useRecords: false })
    expect(() => decode(structured.pack(circular))).toThrow(ProtocolError)
    expect(() => decode(packr.pack({ type: { big: 1n << 62n } }))).toThrow(ProtocolError)
  })

  test('of anything gives a handshake or an error of ours', () => {
    const changes = fc.array(fc.tuple(fc.nat(good.byteLength - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), changes), (input) => {
        const bytes = input instanceof Uint8Array ? input : Uint8Array.from(good)
        if (!(input instanceof Uint8Array)) for (const [at, value] of input) bytes[at] = value
        expect(errorOf(() => decode(bytes)) ?? new ProtocolError('')).toBeInstanceOf(ProtocolError)
      }),
      { numRuns: 1_000 },
    )
  })
})

const wrongToken = {
  type: 'abort',
  code: 'AUTHENTICATION',
  message: 'the token is not the one that this worker was given',
}

test.each([
  ['in order', hello, 'secret', undefined],
  ['with a wrong token', { ...hello, token: 'secreT' }, 'secret', wrongToken],
  ['with a longer token', { ...hello, token: 'secret ' }, 'secret', wrongToken],
  ['with an empty token', { ...hello, token: '' }, 'secret', wrongToken],
  ['of a worker that is not expected', hello, undefined, wrongToken],
  ['without token of one that is not expected', { ...hello, token: '' }, undefined, wrongToken],
  [
    'of another version',
    { ...hello, protocol: 999 },
    'secret',
    {
      type: 'abort',
      code: 'VERSION_MISMATCH',
      message: `the manager speaks protocol ${protocolVersion}, the worker 999`,
    },
  ],
  ['of another version with a wrong token', { ...hello, protocol: 999, token: 'x' }, 'secret', wrongToken],
])('judgeHello() of one %s', (_, received, token, answer) => {
  expect(judgeHello(received, token === undefined ? undefined : { token })).toEqual(answer)
})

test.each([
  ['the pod that was made for it', hello.token, pod.uid, undefined],
  ['a pod before its uid is known', hello.token, undefined, undefined],
  [
    'another pod of its name',
    hello.token,
    'cd-34',
    {
      type: 'abort',
      code: 'AUTHENTICATION',
      message: 'this is not the pod that was made for the worker',
    },
  ],
  ['another pod with a wrong token', 'x', 'cd-34', wrongToken],
])('judgeHello() of %s', (_, token, uid, answer) => {
  expect(judgeHello({ ...hello, token, pod }, { token: 'secret', podUid: uid })).toEqual(answer)
})

test('proofOf() is HMAC-SHA-256 of the nonce with the token as key', () => {
  // RFC 4231, test case 2.
  expect(proofOf('Jefe', 'what do ya want for nothing?')).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  )
})

test.each([
  ['', '', true],
  ['a', 'a', true],
  ['a', 'b', false],
  ['a', 'aa', false],
  ['a', '', false],
  ['é', 'é'.normalize('NFD'), false],
])('isSame(%o, %o) is %o', (left, right, same) => {
  expect(isSame(left, right)).toBe(same)
})

function errorOf(act: () => unknown): unknown {
  try {
    act()
    return undefined
  } catch (error) {
    return error
  }
}
