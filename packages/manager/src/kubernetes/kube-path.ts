/** Pure: where things are on the API server. */

/** Where to ask what we may do. */
export const accessPath = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'

/** Of an object, or of all of its kind. `resource` as RBAC calls it: `pods`, `jobs.batch`. No `namespace`: of all. */
export function resourcePath(resource: string, namespace: string, name?: string): string {
  const dot = resource.indexOf('.')
  const kind = dot === -1 ? resource : resource.slice(0, dot)
  const group = dot === -1 ? undefined : resource.slice(dot + 1)
  const root = group === undefined ? '/api/v1' : `/apis/${group}/v1`
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
