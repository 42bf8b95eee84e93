/** Pure: through which proxy the API server is reached, as kubectl finds it, whose rules are those of Go's standard library. */

import { BlockList, isIP } from 'node:net'
import { describe } from '@dialback/protocol'

/**
 * Gives the URL of the proxy; undefined when there is none.
 *
 * Node's own reading of `NO_PROXY` is another one: it knows no ranges such as `10.96.0.0/12`, in which API servers often are,
 * and without a scheme it takes a proxy for none. Source: golang.org/x/net/http/httpproxy.
 *
 * @param configured `proxy-url` of the kubeconfig, which counts before the environment's
 * @throws {Error} for a proxy that is not spoken to by HTTP: to do without it would be to wait in vain.
 */
export function apiProxy(
  server: URL,
  configured: string | undefined,
  env: NodeJS.ProcessEnv,
): string | undefined {
  if (configured !== undefined) return checkedProxy(configured, "the kubeconfig's proxy-url")
  const name = server.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const proxy = env[name] || env[name.toLowerCase()]
  if (!proxy || isExempt(server, env['NO_PROXY'] || env['no_proxy'] || '')) return undefined
  return checkedProxy(proxy, name)
}

function checkedProxy(text: string, from: string): string {
  const whole = text.includes('://') ? text : `http://${text}`
  const url = URL.parse(whole)
  if (url !== null && /^https?:$/.test(url.protocol)) return whole
  // What is in it may be a password.
  const what = url === null ? 'it is no URL' : `it is one of ${describe(url.protocol.slice(0, -1))}`
  throw new Error(`Cannot use the proxy that ${from} names: ${what}, and has to be http://… or https://…`)
}

function isExempt({ hostname, port, protocol }: URL, exempt: string): boolean {
  // In a URL, an IPv6 address is in brackets.
  const host = hostname.replace(/^\[|\]$/g, '')
  if (host === 'localhost' || isLoopback(host)) return true
  const asked = { host, port: port || (protocol === 'https:' ? '443' : '80') }
  return exempt
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== '' && covers(entry, asked))
}

function covers(entry: string, { host, port }: { readonly host: string; readonly port: string }): boolean {
  if (entry === '*') return true
  if (entry.includes('/')) return isInRange(host, entry)
  const [, exempt = entry, onlyPort] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? []
  if (onlyPort !== undefined && onlyPort !== port) return false
  const name = exempt.replace(/^\[|\]$/g, '').replace(/^\*(?=\.)/, '')
  if (isIP(name) !== 0) return isInRange(host, `${name}/${isIP(name) === 4 ? 32 : 128}`)
  // A name stands for what is below it as well, and with a dot in front only for that.
  return name !== '' && (host === name || host.endsWith(name.startsWith('.') ? name : `.${name}`))
}

function isLoopback(host: string): boolean {
  return isInRange(host, '127.0.0.0/8') || isInRange(host, '::1/128')
}

/** @param range as `10.0.0.0/8`; what is none covers nothing */
function isInRange(host: string, range: string): boolean {
  const [network = '', bits = ''] = range.split('/')
  const family = isIP(network) === 4 ? 'ipv4' : 'ipv6'
  const isRange =
    isIP(network) !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 'ipv4' ? 32 : 128)
  if (!isRange || isIP(host) !== isIP(network)) return false
  const list = new BlockList()
  list.addSubnet(network, Number(bits), family)
  return list.check(host, family)
}
