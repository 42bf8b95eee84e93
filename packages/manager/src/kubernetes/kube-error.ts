/** Pure: what the API server, or the way to it, refused → one sentence that says what was refused and what to do. */

import { DialbackError } from '@dialback/protocol'
import { LoginError } from './login-error.ts'

/** What kind of refusal it is, for whoever has to decide what happens next. */
export type KubeErrorKind =
  | 'unreachable'
  | 'unauthorized'
  | 'forbidden'
  | 'quota'
  | 'notFound'
  | 'namespaceNotFound'
  | 'conflict'
  | 'invalid'
  | 'denied'
  | 'gone'
  | 'tooManyRequests'
  | 'server'

/** What was asked of the API server. */
export interface KubeRequest {
  /** As RBAC calls it: `create`, `get`, `list`, `watch`, `patch`, `delete`. */
  readonly verb: string
  /** As RBAC calls it: `pods`, `pods/log`, `jobs.batch`. */
  readonly resource: string
  readonly namespace: string
  readonly name?: string
}

/** The `Status` object that the API server answers with. */
export interface KubeStatus {
  readonly message?: string
  readonly reason?: string
  readonly code?: number
}

interface KubeErrorFacts {
  readonly kind: KubeErrorKind
  readonly status: number
  readonly reason: string
  readonly request: KubeRequest
  readonly retryAfterMs?: number | undefined
}

/** The API server refused, or could not be reached. */
export class KubeError extends DialbackError {
  override readonly name = 'KubeError'
  readonly code = 'KUBERNETES'
  readonly kind: KubeErrorKind
  /** The HTTP status, 0 when there was no answer. */
  readonly status: number
  /** The API server's word, for example `Forbidden`, or the network's, for example `ECONNREFUSED`. */
  readonly reason: string
  readonly request: KubeRequest
  /** How long the API server asked to wait before the next try. */
  readonly retryAfterMs: number | undefined

  constructor(message: string, facts: KubeErrorFacts, options?: ErrorOptions) {
    super(message, options)
    this.kind = facts.kind
    this.status = facts.status
    this.reason = facts.reason
    this.request = facts.request
    this.retryAfterMs = facts.retryAfterMs
  }
}

/** Makes an error of an answer that is not a success. */
export function refusal(
  request: KubeRequest,
  answer: { httpStatus: number; status: KubeStatus; retryAfterMs?: number | undefined },
): KubeError {
  const { httpStatus, status, retryAfterMs } = answer
  const kind = kindOf(httpStatus, status, request)
  const { verb, resource, namespace, name } = request
  const said = status.message?.trim() || `HTTP status ${httpStatus}`
  const what = `${verb} ${name === undefined ? resource : `${resource} "${name}"`}`
  return new KubeError(`Cannot ${what} in ${placeOf(namespace)}: ${sentences[kind](request, said)}`, {
    kind,
    status: httpStatus,
    reason: status.reason || String(httpStatus),
    request,
    retryAfterMs,
  })
}

/** Makes an error of a request that had no answer, or could not be made for want of a login. Either may pass. */
export function unreachable(request: KubeRequest, server: string, cause: unknown): KubeError {
  const reason = codeOf(cause)
  const why = cause instanceof Error ? cause.message || reason : String(cause)
  const { verb, resource } = request
  const whatFailed =
    cause instanceof LoginError
      ? why
      : `the API server at ${server} does not answer (${why}); is the cluster up, and is this the right kubeconfig context?`
  return new KubeError(
    `Cannot ${verb} ${resource}: ${whatFailed}`,
    { kind: 'unreachable', status: 0, reason, request },
    { cause },
  )
}

const sentences: Readonly<Record<KubeErrorKind, (request: KubeRequest, said: string) => string>> = {
  unreachable: (_, said) => said,
  unauthorized: (_, said) =>
    `the API server does not accept the credentials (${said}); log in again, or use another kubeconfig context`,
  forbidden: ({ verb, resource, namespace }, said) =>
    namespace === ''
      ? `no permission; a ClusterRole has to allow the verb "${verb}" on "${resource}", or name one namespace: ${said}`
      : `no permission; a Role in namespace "${namespace}" has to allow the verb "${verb}" on "${resource}" ("dialback manifests rbac" prints one): ${said}`,
  quota: (_, said) => `${said}; ask for less, free some, or have the quota raised`,
  notFound: (_, said) => said,
  namespaceNotFound: ({ namespace }) =>
    `there is no namespace "${namespace}"; create it, or name another one with the option namespace`,
  conflict: (_, said) => said,
  invalid: (_, said) => `${said}; look at what configure made of the manifest, and at the options`,
  denied: (_, said) =>
    `${said}; the cluster's admission control refuses it: change the manifest with configure, or ask whoever runs the cluster`,
  gone: (_, said) => said,
  tooManyRequests: (_, said) =>
    `the API server is too busy (${said}); try again later, or ask for fewer at once`,
  server: (_, said) => `the API server failed: ${said}`,
}

/** To list, an empty namespace means all. */
function placeOf(namespace: string): string {
  return namespace === '' ? 'all namespaces' : `namespace "${namespace}"`
}

function kindOf(
  httpStatus: number,
  { message = '', reason }: KubeStatus,
  { verb, namespace }: KubeRequest,
): KubeErrorKind {
  switch (httpStatus) {
    case 401:
      return 'unauthorized'
    case 403:
      return kindOfForbidden(message)
    case 404:
      return message.includes(`namespaces "${namespace}" not found`) ? 'namespaceNotFound' : 'notFound'
    case 409:
      // What is taken is `AlreadyExists`. This is the quota that somebody else has written meanwhile: the next try finds it as it is.
      return verb === 'create' && reason === 'Conflict' ? 'tooManyRequests' : 'conflict'
    case 410:
      return 'gone'
    case 429:
      return 'tooManyRequests'
    case 400:
    case 422:
      return isDenial(message) ? 'denied' : 'invalid'
    default:
      if (isDenial(message)) return 'denied'
      return httpStatus >= 500 || reason === 'InternalError' ? 'server' : 'invalid'
  }
}

/** RBAC, quota, a terminating namespace, Pod Security and other admission all answer 403: only the text tells them apart. */
function kindOfForbidden(message: string): KubeErrorKind {
  if (/exceeded quota|must specify limits|maximum .* usage per|minimum .* usage per/i.test(message))
    return 'quota'
  if (isDenial(message) || /violates PodSecurity|is forbidden: unable to create new content/i.test(message))
    return 'denied'
  return / cannot \w+ (resource|path|url) /i.test(message) ? 'forbidden' : 'denied'
}

function isDenial(message: string): boolean {
  return /admission webhook|failed calling webhook|ValidatingAdmissionPolicy|denied the request/i.test(
    message,
  )
}

function codeOf(cause: unknown): string {
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code
  return cause instanceof Error ? cause.name : 'Unknown'
}
