/** Finds out which addresses lead from here to the manager, by shaking hands with what listens there. */

// By its default: in the bundle it is a stand-in that loads TLS only where it is used.
import tls from 'node:tls'
import type { Probe, ProbeResult } from '@dialback/protocol'

/** Longer than one lost packet is waited for (RFC 6298: 1 s). */
const timeoutMs = 2_000

/** Tries all at once, so that it takes no longer than the slowest; never rejects. */
export async function probeAddresses({
  addresses,
  certificate,
}: Omit<Probe, 'type'>): Promise<ProbeResult[]> {
  return await Promise.all(
    addresses.map(async (address) => {
      const failure = await tryAddress(address, certificate)
      return { address, ...(failure !== undefined && { failure }) }
    }),
  )
}

/** Why the manager is not there; undefined when it is. */
async function tryAddress(address: string, certificate: string): Promise<string | undefined> {
  const { host, port } = splitAddress(address)
  if (!(port >= 1 && port <= 65_535)) return 'not a host and a port'
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  // Pinned: only that certificate will do, whatever name it was made for.
  const socket = tls.connect({ host, port, ca: [certificate], checkServerIdentity: () => undefined })
  const timer = setTimeout(() => resolve(`no answer within ${timeoutMs / 1_000} s`), timeoutMs)
  socket.once('secureConnect', () => resolve(undefined))
  socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  socket.once('close', () => resolve('closed before it was secure'))
  const failure = await promise
  clearTimeout(timer)
  socket.on('error', () => {})
  if (failure === undefined) socket.end()
  socket.destroySoon()
  return failure
}

/** `host:port`, where a host of IPv6 is in brackets. */
function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(':')
  return { host: address.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(at + 1)) }
}
