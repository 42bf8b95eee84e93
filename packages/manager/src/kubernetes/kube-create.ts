/** Creates an object once, however often that has to be asked. */

import { randomBytes, randomInt } from 'node:crypto'
import type { KubernetesObject } from '@kubernetes/client-node'
import type { KubeClient } from './kube-client.ts'
import { KubeError } from './kube-error.ts'
import { resourcePath } from './kube-path.ts'
import { recordOf } from './untyped.ts'

export interface Creation {
  readonly namespace: string
  readonly resource: string
  readonly object: KubernetesObject
  readonly signal?: AbortSignal | undefined
}

/** Tells an object that was made by a request whose answer was lost from another one of the same name. */
export const creationAnnotation = 'dialback.dev/creation'

const maxNames = 5

/**
 * Creates an object. The name of one with `generateName` is made here: the API server would make a second object of a
 * second request.
 *
 * @throws {KubeError} `conflict` when there is another one of that name.
 */
export async function create(client: KubeClient, creation: Creation): Promise<unknown> {
  const { generateName, name } = creation.object.metadata ?? {}
  if (name || !generateName) return await createNamed(client, creation, name ?? '')
  for (let left = maxNames; ; left--) {
    try {
      return await createNamed(client, creation, generateName + suffix())
    } catch (error) {
      const isTaken = error instanceof KubeError && error.kind === 'conflict' && left > 1
      if (!isTaken) throw error
    }
  }
}

async function createNamed(client: KubeClient, creation: Creation, name: string): Promise<unknown> {
  const { namespace, resource, object, signal } = creation
  const mark = randomBytes(9).toString('base64url')
  const { generateName: _, ...given } = object.metadata ?? {}
  const annotations = { ...given.annotations, [creationAnnotation]: mark }
  const request = { resource, namespace, ...(name !== '' && { name }) }
  try {
    return await client.json({
      request: { verb: 'create', ...request },
      method: 'POST',
      path: resourcePath(resource, namespace),
      body: { ...object, metadata: { ...given, ...(name !== '' && { name }), namespace, annotations } },
      signal,
      isAbortable: false,
    })
  } catch (error) {
    if (!(error instanceof KubeError && error.kind === 'conflict')) throw error
    const existing = client.json({
      request: { verb: 'get', ...request },
      method: 'GET',
      path: resourcePath(resource, namespace, name),
    })
    // It may not be ours to read either: then the conflict stands.
    const there = await existing.catch(() => undefined)
    const marks = recordOf(recordOf(recordOf(there)?.['metadata'])?.['annotations'])
    if (marks?.[creationAnnotation] !== mark) throw error
    return there
  }
}

/** Without vowels, as Kubernetes' own, so that no word comes out. */
const letters = 'bcdfghjklmnpqrstvwxz2456789'

function suffix(): string {
  return Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join('')
}
