/** Proves to the API server who we are: headers and TLS material, fresh when they expire. */

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { isDeepStrictEqual, promisify } from 'node:util'
import type { ExecPlugin, KubeContext, Material } from './kubeconfig.ts'
import { LoginError } from './login-error.ts'
import { recordOf, textOf } from './untyped.ts'

/** What a connection needs beside the address. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly tls: TlsMaterial
}

/** In the terms of `node:tls`. */
export interface TlsMaterial {
  readonly ca?: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
  readonly servername?: string
  readonly rejectUnauthorized: boolean
}

/** The kubelet rotates a pod's token well before it expires, and others their certificates; client-go reads both again each minute too. */
const fileMs = 60_000
/** What an exec plugin gave without saying until when. */
const execDefaultMs = 600_000
const execTimeoutMs = 120_000

export class KubeCredentials {
  readonly #context: KubeContext
  #loading: Promise<Credentials> | undefined
  #loaded: Credentials | undefined
  #isLoading = false
  #freshUntil = Number.POSITIVE_INFINITY

  constructor(context: KubeContext) {
    this.#context = context
  }

  /** Gives them, renewed when those at hand have expired. The same object means that nothing changed. @throws {LoginError} */
  async get(): Promise<Credentials> {
    // A program that logs in is run once for all who wait for it.
    if (Date.now() > this.#freshUntil && !this.#isLoading) this.#loading = undefined
    if (this.#loading === undefined) {
      const loading = this.#load()
      this.#loading = loading
      this.#isLoading = true
      loading
        .finally(() => {
          this.#isLoading = false
        })
        .catch(() => {
          // What failed may succeed the next time: a login that has been renewed meanwhile.
          if (this.#loading === loading) this.#loading = undefined
        })
    }
    const loaded = await this.#loading
    if (!isDeepStrictEqual(loaded, this.#loaded)) this.#loaded = loaded
    return this.#loaded ?? loaded
  }

  /** Forgets them: the API server did not accept them. */
  invalidate(refused: Credentials): void {
    // Others that were refused with them may have had them renewed, or are about to.
    if (this.#loaded === refused && !this.#isLoading) this.#loading = undefined
  }

  async #load(): Promise<Credentials> {
    const { user, caCertificate, isInsecure, serverName } = this.#context
    const given = user.exec === undefined ? undefined : await runPlugin(user.exec)
    this.#freshUntil = Date.now() + this.#freshForMs(given)
    const [ca, cert, key, token] = await Promise.all([
      read(caCertificate),
      given?.certificate ?? read(user.certificate),
      given?.key ?? read(user.key),
      given?.token ?? read(user.token).then((data) => data?.toString().trim()),
    ])
    return {
      headers: { ...this.#authorization(token), ...this.#impersonation() },
      tls: {
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
        ...(serverName !== undefined && { servername: serverName }),
        rejectUnauthorized: !isInsecure,
      },
    }
  }

  #freshForMs(given: PluginCredentials | undefined): number {
    if (given !== undefined)
      return given.expiresAt === undefined ? execDefaultMs : given.expiresAt - Date.now()
    const { caCertificate, user } = this.#context
    const materials = [caCertificate, user.token, user.certificate, user.key]
    return materials.some((material) => material && 'file' in material) ? fileMs : Number.POSITIVE_INFINITY
  }

  #authorization(token: string | undefined): Record<string, string> {
    const { basic } = this.#context.user
    if (token) return { authorization: `Bearer ${token}` }
    if (basic === undefined) return {}
    return { authorization: `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}` }
  }

  #impersonation(): Record<string, string | string[]> {
    const as = this.#context.user.impersonate
    if (as === undefined) return {}
    return {
      'impersonate-user': as.user,
      ...(as.groups.length > 0 && { 'impersonate-group': [...as.groups] }),
    }
  }
}

async function read(material: Material | undefined): Promise<Buffer | undefined> {
  if (material === undefined) return undefined
  if ('data' in material) return material.data
  try {
    return await readFile(material.file)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new LoginError(`Cannot log in to the cluster: ${why}`, { cause })
  }
}

interface PluginCredentials {
  readonly token: string | undefined
  readonly certificate: Buffer | undefined
  readonly key: Buffer | undefined
  /** In ms since the epoch. */
  readonly expiresAt: number | undefined
}

async function runPlugin(plugin: ExecPlugin): Promise<PluginCredentials> {
  const asked = { apiVersion: plugin.apiVersion, kind: 'ExecCredential', spec: { interactive: false } }
  const env = { ...process.env, ...plugin.env, KUBERNETES_EXEC_INFO: JSON.stringify(asked) }
  try {
    const running = promisify(execFile)(plugin.command, plugin.args, { env, timeout: execTimeoutMs })
    // As it comes: it may tell of a code to enter in a browser, and wait for that.
    running.child.stderr?.pipe(process.stderr, { end: false })
    return parsePluginOutput((await running).stdout)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const hint = plugin.installHint === undefined ? '' : `; ${plugin.installHint.trim()}`
    throw new LoginError(`Cannot log in to the cluster with ${plugin.command}: ${why}${hint}`, { cause })
  }
}

function parsePluginOutput(text: string): PluginCredentials {
  const parsed: unknown = JSON.parse(text)
  const status = recordOf(recordOf(parsed)?.['status'])
  const token = textOf(status?.['token'])
  const certificate = textOf(status?.['clientCertificateData'])
  const key = textOf(status?.['clientKeyData'])
  if (token === undefined && certificate === undefined)
    throw new Error('it gave neither a token nor a certificate')
  const expires = textOf(status?.['expirationTimestamp'])
  return {
    token,
    certificate: certificate === undefined ? undefined : Buffer.from(certificate),
    key: key === undefined ? undefined : Buffer.from(key),
    expiresAt: expires === undefined ? undefined : Date.parse(expires),
  }
}
