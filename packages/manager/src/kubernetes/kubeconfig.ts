/** Which API server is spoken to, as whom, and in which namespace: by kubeconfig, or from inside a pod. */

import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { listOf, recordOf, textOf } from './untyped.ts'

/** One context, with its cluster and user. Texts that may be a file or its content are `{ file }` or `{ data }`. */
export interface KubeContext {
  readonly server: string
  readonly namespace: string | undefined
  readonly caCertificate: Material | undefined
  readonly isInsecure: boolean
  readonly serverName: string | undefined
  readonly proxyUrl: string | undefined
  readonly user: KubeUser
}

export interface KubeUser {
  readonly certificate?: Material
  readonly key?: Material
  readonly token?: Material
  readonly basic?: { readonly username: string; readonly password: string }
  readonly exec?: ExecPlugin
  readonly impersonate?: { readonly user: string; readonly groups: readonly string[] }
}

/** A program that gives credentials. Source: client.authentication.k8s.io/v1. */
export interface ExecPlugin {
  readonly apiVersion: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly installHint?: string
}

export type Material = { readonly file: string } | { readonly data: Buffer }

interface Named {
  readonly name: string
  readonly value: Readonly<Record<string, unknown>>
  /** Of the file that it is from: relative paths start there. */
  readonly directory: string
}

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * Finds the context to use, in kubectl's order: the files of `KUBECONFIG`, `~/.kube/config`, a pod's own service account.
 *
 * @throws {Error} that says what is missing and how to provide it.
 */
export async function currentContext(env: NodeJS.ProcessEnv = process.env): Promise<KubeContext> {
  const { KUBECONFIG: given = '' } = env
  const server = podServer(env)
  const named = given.split(delimiter).filter((path) => path !== '')
  const paths = named.length > 0 ? named : ownConfig()
  // A home that is not this user's, as one of an image that is run as somebody else, says nothing about a pod.
  const mayBeClosed = named.length === 0 && server !== undefined
  const files = await Promise.all(paths.map(async (path) => await readConfig(path, mayBeClosed)))
  const found = files.filter((file) => file !== undefined)
  if (found.length > 0) return contextOf(found, paths.join(delimiter))
  if (server !== undefined) return podContext(server)
  const missing = paths.length > 0 ? `there is no file ${paths.join(' or ')}` : 'this user has no home'
  throw new Error(
    `Cannot find a Kubernetes cluster: ${missing}, and this process does not run in a pod; set KUBECONFIG to a kubeconfig file`,
  )
}

/** The API server of the cluster in which this process is a pod, if it is one. */
export function podServer(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env
  return host && port ? `https://${host.includes(':') ? `[${host}]` : host}:${port}` : undefined
}

/** None of a user without a home. */
function ownConfig(): string[] {
  try {
    return [join(homedir(), '.kube', 'config')]
  } catch {
    // Neither `HOME` nor the system knows one.
    return []
  }
}

/** The namespace of the pod that this process runs in, if it does. */
export async function podNamespace(): Promise<string | undefined> {
  const text = await readIfThere(join(serviceAccount, 'namespace'))
  return text?.trim() || undefined
}

interface ConfigFile {
  readonly path: string
  readonly content: Readonly<Record<string, unknown>>
}

async function readConfig(path: string, mayBeClosed: boolean): Promise<ConfigFile | undefined> {
  const text = await readIfThere(path, mayBeClosed)
  if (text === undefined) return undefined
  try {
    const { load } = await import('js-yaml')
    return { path: resolve(path), content: recordOf(load(text)) ?? {} }
  } catch (error) {
    // What follows the first line, and the error itself, repeat what is in the file, which is secret: hence no cause.
    const [why] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new Error(`Cannot read the kubeconfig ${path}: ${why}`)
  }
}

async function readIfThere(path: string, mayBeClosed = false): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    // Not a directory: homes such as /dev/null.
    if (code === 'ENOENT' || code === 'ENOTDIR' || (mayBeClosed && code === 'EACCES')) return undefined
    throw error
  }
}

/** Of several files the first that names a thing has it, as with kubectl. */
function contextOf(files: readonly ConfigFile[], where: string): KubeContext {
  const name = files.map(({ content }) => textOf(content['current-context'])).find(Boolean)
  if (name === undefined)
    throw new Error(
      `Cannot tell which cluster to use: the kubeconfig ${where} has no current-context; kubectl config use-context sets it`,
    )
  const context = find(files, 'contexts', 'context', name)
  if (context === undefined)
    throw new Error(`Cannot use the kubeconfig ${where}: it has no context "${name}", its current-context`)
  const clusterName = textOf(context.value['cluster']) ?? ''
  const cluster = find(files, 'clusters', 'cluster', clusterName)
  const server = textOf(cluster?.value['server'])
  if (cluster === undefined || server === undefined)
    throw new Error(
      `Cannot use the kubeconfig ${where}: it has no server for the cluster "${clusterName}" of the context "${name}"`,
    )
  const user = find(files, 'users', 'user', textOf(context.value['user']) ?? '')
  return {
    server,
    namespace: textOf(context.value['namespace']),
    caCertificate: materialOf(cluster, 'certificate-authority'),
    isInsecure: cluster.value['insecure-skip-tls-verify'] === true,
    serverName: textOf(cluster.value['tls-server-name']),
    proxyUrl: textOf(cluster.value['proxy-url']),
    user: user === undefined ? {} : userOf(user),
  }
}

function find(files: readonly ConfigFile[], list: string, kind: string, name: string): Named | undefined {
  for (const { path, content } of files) {
    for (const entry of listOf(content[list])) {
      const record = recordOf(entry)
      if (textOf(record?.['name']) === name)
        return { name, value: recordOf(record?.[kind]) ?? {}, directory: dirname(path) }
    }
  }
  return undefined
}

function userOf(user: Named): KubeUser {
  const { value } = user
  if (value['auth-provider'] !== undefined)
    throw new Error(
      `Cannot log in as the kubeconfig's user "${user.name}": auth-provider is not supported, as in kubectl since 1.26; use an exec plugin`,
    )
  const certificate = materialOf(user, 'client-certificate')
  const key = materialOf(user, 'client-key')
  const token = tokenOf(user)
  const username = textOf(value['username'])
  const exec = recordOf(value['exec'])
  const impersonated = textOf(value['as'])
  return {
    ...(certificate !== undefined && { certificate }),
    ...(key !== undefined && { key }),
    ...(token !== undefined && { token }),
    ...(username !== undefined && { basic: { username, password: textOf(value['password']) ?? '' } }),
    ...(exec !== undefined && { exec: execOf(exec, user) }),
    ...(impersonated !== undefined && {
      impersonate: { user: impersonated, groups: listOf(value['as-groups']).map(String) },
    }),
  }
}

/** `tokenFile` comes first: it is the one that is kept fresh. */
function tokenOf({ value, directory }: Named): Material | undefined {
  const file = textOf(value['tokenFile'])
  if (file !== undefined) return { file: resolve(directory, file) }
  const token = textOf(value['token'])
  return token === undefined ? undefined : { data: Buffer.from(token) }
}

function execOf(exec: Readonly<Record<string, unknown>>, { name, directory }: Named): ExecPlugin {
  const command = textOf(exec['command'])
  if (command === undefined)
    throw new Error(`Cannot log in as the kubeconfig's user "${name}": its exec plugin has no command`)
  const env: Record<string, string> = {}
  for (const entry of listOf(exec['env'])) {
    const variable = recordOf(entry)
    const key = textOf(variable?.['name'])
    if (key !== undefined) env[key] = textOf(variable?.['value']) ?? ''
  }
  const installHint = textOf(exec['installHint'])
  return {
    apiVersion: textOf(exec['apiVersion']) ?? 'client.authentication.k8s.io/v1',
    // A bare name is looked up in PATH; a path is relative to the kubeconfig.
    command: /[\\/]/.test(command) ? resolve(directory, command) : command,
    args: listOf(exec['args']).map(String),
    env,
    ...(installHint !== undefined && { installHint }),
  }
}

/** `NAME-data` holds the thing itself in base64, `NAME` its path. */
function materialOf({ value, directory }: Named, key: string): Material | undefined {
  const data = textOf(value[`${key}-data`])
  if (data !== undefined) return { data: Buffer.from(data, 'base64') }
  const file = textOf(value[key])
  return file === undefined ? undefined : { file: resolve(directory, file) }
}

function podContext(server: string): KubeContext {
  return {
    server,
    namespace: undefined,
    caCertificate: { file: join(serviceAccount, 'ca.crt') },
    isInsecure: false,
    serverName: undefined,
    proxyUrl: undefined,
    user: { token: { file: join(serviceAccount, 'token') } },
  }
}
