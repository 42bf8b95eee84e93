/** Pure: how workers in the cluster can reach a manager outside of it, and the sentence that says so. */

import type { ProbeResult } from '@dialback/protocol'

export type ConnectionOption = 'auto' | 'direct' | 'tunnel'

/** Where workers dial: `host:port`, of the manager or of the relay. */
export interface ConnectionChoice {
  readonly kind: 'direct' | 'tunnel'
  readonly address: string
  /** For the log. */
  readonly sentence: string
}

export interface ChoiceFacts {
  readonly connection: ConnectionOption
  readonly advertise: string | undefined
  /** Where the relay listens. */
  readonly relayAddress: string
  /** Which of the manager's addresses the relay could dial; empty where that was of no interest. */
  readonly probed: readonly ProbeResult[]
}

/** Whether it has to be asked what can be dialled. */
export function mustProbe({ connection, advertise }: Pick<ChoiceFacts, 'connection' | 'advertise'>): boolean {
  return connection !== 'tunnel' && advertise === undefined
}

/** @throws {Error} when only `direct` will do and none of the addresses does; it says how each attempt went. */
export function chooseConnection({
  connection,
  advertise,
  relayAddress,
  probed,
}: ChoiceFacts): ConnectionChoice {
  if (connection === 'tunnel')
    return {
      kind: 'tunnel',
      address: relayAddress,
      sentence: 'Workers reach this manager through the tunnel',
    }
  if (advertise !== undefined)
    return {
      kind: 'direct',
      address: advertise,
      sentence: `Workers dial ${advertise}, as the option advertise says`,
    }
  const found = probed.find(({ failure }) => failure === undefined)
  if (found !== undefined) {
    const { address } = found
    return {
      kind: 'direct',
      address,
      sentence: `Workers dial this manager at ${address}: the cluster reaches it there`,
    }
  }
  const attempts = probed.map(({ address, failure }) => `${address} (${failure})`).join(', ')
  const why = attempts === '' ? 'it has no address but its own loopback' : `tried ${attempts}`
  if (connection === 'auto') {
    const sentence = `Workers reach this manager through the tunnel: the cluster cannot dial it, ${why}`
    return { kind: 'tunnel', address: relayAddress, sentence }
  }
  throw new Error(
    `Cannot be dialled by pods: ${why}; name an address with the option advertise, or use connection: 'tunnel'`,
  )
}

/** As `os.networkInterfaces()` gives it. */
export interface OwnInterface {
  readonly address: string
  readonly family: 'IPv4' | 'IPv6'
  /** Nobody else can dial it. */
  readonly internal: boolean
}

/** A relay tries no more. */
const maxAddresses = 64

/** Where this machine might be dialled from the cluster. */
export function ownAddresses(
  interfaces: Readonly<Record<string, readonly OwnInterface[] | undefined>>,
  port: number,
): string[] {
  return Object.values(interfaces)
    .flatMap((infos) => infos ?? [])
    .filter(({ internal, address }) => !internal && !isLinkLocal(address))
    .map(({ family, address }) => (family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`))
    .slice(0, maxAddresses)
}

/** Means something on one's own network only, and for IPv6 only with the name of an interface. */
function isLinkLocal(address: string): boolean {
  return /^169\.254\.|^fe[89ab]/i.test(address)
}
