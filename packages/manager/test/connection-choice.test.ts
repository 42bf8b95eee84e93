import { expect, test } from 'vitest'
import {
  chooseConnection,
  mustProbe,
  type OwnInterface,
  ownAddresses,
} from '../src/kubernetes/connection-choice.ts'

const relayAddress = '10.244.0.9:7420'
const unreachable = { address: '192.168.1.7:4000', failure: 'no answer within 2 s' }
const reachable = { address: '10.244.0.1:4000' }

test.each([
  ['tunnel', undefined, [reachable], 'tunnel', relayAddress, 'Workers reach this manager through the tunnel'],
  [
    'auto',
    'me.example:80',
    [],
    'direct',
    'me.example:80',
    'Workers dial me.example:80, as the option advertise says',
  ],
  [
    'direct',
    'me.example:80',
    [],
    'direct',
    'me.example:80',
    'Workers dial me.example:80, as the option advertise says',
  ],
  [
    'auto',
    undefined,
    [unreachable, reachable],
    'direct',
    '10.244.0.1:4000',
    'Workers dial this manager at 10.244.0.1:4000: the cluster reaches it there',
  ],
  [
    'auto',
    undefined,
    [unreachable],
    'tunnel',
    relayAddress,
    'Workers reach this manager through the tunnel: the cluster cannot dial it, tried 192.168.1.7:4000 (no answer within 2 s)',
  ],
  [
    'auto',
    undefined,
    [],
    'tunnel',
    relayAddress,
    'Workers reach this manager through the tunnel: the cluster cannot dial it, it has no address but its own loopback',
  ],
  [
    'direct',
    undefined,
    [reachable],
    'direct',
    '10.244.0.1:4000',
    'Workers dial this manager at 10.244.0.1:4000: the cluster reaches it there',
  ],
] as const)(
  'chooseConnection() with %s, advertise %s, probed %j is %s',
  (connection, advertise, probed, kind, address, sentence) => {
    expect(chooseConnection({ connection, advertise, relayAddress, probed })).toEqual({
      kind,
      address,
      sentence,
    })
  },
)

test('chooseConnection() of direct says how each attempt went when none does', () => {
  expect(() =>
    chooseConnection({ connection: 'direct', advertise: undefined, relayAddress, probed: [unreachable] }),
  ).toThrow(
    "Cannot be dialled by pods: tried 192.168.1.7:4000 (no answer within 2 s); name an address with the option advertise, or use connection: 'tunnel'",
  )
})

test.each([
  ['auto', undefined, true],
  ['direct', undefined, true],
  ['auto', 'me:80', false],
  ['direct', 'me:80', false],
  ['tunnel', undefined, false],
  ['tunnel', 'me:80', false],
] as const)('mustProbe() with %s and advertise %s: %s', (connection, advertise, answer) => {
  expect(mustProbe({ connection, advertise })).toBe(answer)
})

test('ownAddresses() leaves out what means nothing to others', () => {
  const info = (address: string, family: 'IPv4' | 'IPv6', internal = false): OwnInterface => ({
    address,
    family,
    internal,
  })
  const interfaces = {
    lo: [info('127.0.0.1', 'IPv4', true), info('::1', 'IPv6', true)],
    eth0: [info('192.168.1.7', 'IPv4'), info('fe80::1', 'IPv6'), info('fd00::7', 'IPv6')],
    usb0: [info('169.254.3.4', 'IPv4')],
    down: undefined,
    bridge: [info('10.244.0.1', 'IPv4')],
  }
  expect(ownAddresses(interfaces, 4_000)).toEqual(['192.168.1.7:4000', '[fd00::7]:4000', '10.244.0.1:4000'])
  const many = Array.from({ length: 100 }, (_, n) => info(`10.0.0.${n}`, 'IPv4'))
  expect(ownAddresses({ many }, 1)).toHaveLength(64)
})
