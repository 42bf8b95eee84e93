import { expect, test } from 'vitest'
import { apiProxy } from '../src/kubernetes/api-proxy.ts'

const proxy = 'http://proxy.example:3128'
const inPod = 'https://10.96.0.1:443'

test.each([
  [inPod, '10.96.0.0/12,.svc,.cluster.local'],
  [inPod, '192.168.0.0/16, 10.96.0.1'],
  [inPod, '10.96.0.1:443'],
  [inPod, '*'],
  ['https://[fd00::1]:6443', 'fd00::/8'],
  ['https://[fd00::1]:6443', '[fd00::1]:6443'],
  ['https://api.team.example', 'example'],
  ['https://api.team.example', 'TEAM.example'],
  ['https://api.team.example', 'api.team.example'],
  ['https://api.team.example', '.team.example'],
  ['https://api.team.example', '*.team.example:443'],
  ['https://localhost:6443', ''],
  ['https://127.1.2.3:6443', ''],
  ['https://[::1]:6443', ''],
])('apiProxy() has none for %s with NO_PROXY=%s', (server, exempt) => {
  expect(apiProxy(new URL(server), undefined, { HTTPS_PROXY: proxy, NO_PROXY: exempt })).toBeUndefined()
  expect(apiProxy(new URL(server), undefined, { https_proxy: proxy, no_proxy: exempt })).toBeUndefined()
})

test.each([
  [inPod, ''],
  [inPod, '10.0.0.0/16,10.96.0.0/40,10.96.0.0/x,/,10.96.0.10'],
  [inPod, '10.96.0.1:6443'],
  ['https://[fd00::1]:6443', 'fe80::/10,0.0.0.0/0'],
  ['https://api.team.example', 'am.example,.api.team.example, ,.'],
])('apiProxy() gives the proxy for %s with NO_PROXY=%s', (server, exempt) => {
  expect(apiProxy(new URL(server), undefined, { HTTPS_PROXY: proxy, NO_PROXY: exempt })).toBe(proxy)
})

test('apiProxy() has none where nothing names one, or one for the other scheme only', () => {
  expect(apiProxy(new URL(inPod), undefined, {})).toBeUndefined()
  expect(apiProxy(new URL(inPod), undefined, { HTTP_PROXY: proxy, HTTPS_PROXY: '' })).toBeUndefined()
  expect(apiProxy(new URL('http://10.96.0.1'), undefined, { HTTP_PROXY: proxy })).toBe(proxy)
})

test("apiProxy() gives the kubeconfig's own, whatever the environment says", () => {
  const env = { HTTPS_PROXY: 'http://other.example', NO_PROXY: '*' }
  expect(apiProxy(new URL('https://127.0.0.1:6443'), proxy, env)).toBe(proxy)
})

test('apiProxy() takes one without a scheme for one of HTTP', () => {
  expect(apiProxy(new URL(inPod), undefined, { HTTPS_PROXY: 'proxy.example:3128' })).toBe(proxy)
})

test('apiProxy() refuses a proxy that is not of HTTP, without repeating its password', () => {
  const socks = 'socks5://me:secret@proxy.example:1080'
  expect(() => apiProxy(new URL(inPod), socks, {})).toThrow(
    /^Cannot use the proxy that the kubeconfig's proxy-url names: it is one of 'socks5', and has to be http:/,
  )
  expect(() => apiProxy(new URL(inPod), undefined, { HTTPS_PROXY: 'http://:secret:x' })).toThrow(
    /^Cannot use the proxy that HTTPS_PROXY names: it is no URL(?!.*secret)/,
  )
})
