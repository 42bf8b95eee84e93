/** Pure: where things are on the API server. */

/** Where to ask what we may do. */
export const accessPath = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'

/** A resource as RBAC calls it, `pods/log` or `rolebindings.rbac.authorization.k8s.io`: its group, which may have dots, is '' of the core. */
export function splitResource(resource: string): { kind: string; group: string } {
  const [kind = '', ...group] = resource.split('.')
  return { kind, group: group.join('.') }
}

/** Of an object, or of all of its kind. `resource` as for `splitResource`. No `namespace`: of all. */
export function resourcePath(resource: string, namespace: string, name?: string): string {
  const { kind, group } = splitResource(resource)
  const root = group === '' ? '/api/v1' : `/apis/${group}/v1`
  const place = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  const path = `${root}${place}/${kind}`
  return name === undefined ? path : `${path}/${encodeURIComponent(name)}`
}

/** Leaves out what is undefined. */
export function withQuery(
  path: string,
  query: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const parameters = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(key, String(value))
  }
  const text = parameters.toString()
  return text === '' ? path : `${path}?${text}`
}
