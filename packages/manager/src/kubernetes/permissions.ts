/** Pure: what a manager has to be allowed, and what for. The manifest is made of it, and `dialback doctor` looks for it. */

/** Who needs it: every manager, those outside of the cluster, or whoever runs a command. */
export type PermissionUser = 'manager' | 'outside' | 'gc' | 'submit'

export interface Permission {
  readonly verb: string
  /** With its subresource and group, as in `pods/log`, `jobs.batch`. */
  readonly resource: string
  readonly user: PermissionUser
  /** What it is for. */
  readonly purpose: string
  /** How it is without it, where a manager can do without. */
  readonly without?: string
}

/** Of each user, verbs of one resource beside each other. */
export const permissions: readonly Permission[] = [
  { user: 'manager', resource: 'pods', verb: 'create', purpose: 'workers' },
  {
    user: 'manager',
    resource: 'pods',
    verb: 'delete',
    purpose: 'workers that are removed, did not come up in time, or have ended',
  },
  {
    user: 'manager',
    resource: 'pods',
    verb: 'get',
    purpose: "why a worker ended; the manager's own pod: its image, its uid as the workers' owner",
  },
  {
    user: 'manager',
    resource: 'pods',
    verb: 'list',
    purpose: 'all workers of a session at once; outside: the relay',
  },
  {
    user: 'manager',
    resource: 'pods',
    verb: 'watch',
    purpose: 'to hear at once when one starts, waits or ends',
    without: 'the manager asks again and again',
  },
  {
    user: 'manager',
    resource: 'pods',
    verb: 'patch',
    purpose: 'the label worker-id, once a worker has joined',
    without: 'there is no label',
  },
  {
    user: 'manager',
    resource: 'pods/log',
    verb: 'get',
    purpose: 'what workers write, and their last lines in the error when one has died',
    without: 'nobody sees what they write',
  },
  {
    user: 'manager',
    resource: 'events',
    verb: 'list',
    purpose: 'what holds up a pod whose status does not say it, such as a volume that is not there',
    without: 'only its status is told',
  },
  {
    user: 'manager',
    resource: 'secrets',
    verb: 'create',
    purpose: "the workers' tokens, and the certificate that they know the manager by",
  },
  { user: 'manager', resource: 'secrets', verb: 'delete', purpose: 'when nobody needs them any more' },
  {
    user: 'outside',
    resource: 'jobs.batch',
    verb: 'create',
    purpose: 'the relay, which owns all else and takes it away when the manager is gone',
  },
  { user: 'outside', resource: 'jobs.batch', verb: 'delete', purpose: 'when the manager is done' },
  { user: 'outside', resource: 'jobs.batch', verb: 'get', purpose: 'whether it is still there' },
  { user: 'outside', resource: 'pods/portforward', verb: 'create', purpose: 'the tunnel to the relay' },
  {
    user: 'outside',
    resource: 'pods/portforward',
    verb: 'get',
    purpose: 'the same: over WebSockets older API servers ask for this verb',
  },
  {
    user: 'outside',
    resource: 'services',
    verb: 'create',
    purpose: 'one address for the relay, at which workers find another when its pod is gone',
    without: 'workers are lost with the pod of the relay, as when its node is drained',
  },
  { user: 'outside', resource: 'services', verb: 'delete', purpose: 'when the manager is done' },
  { user: 'gc', resource: 'jobs.batch', verb: 'list', purpose: 'relays that have ended' },
  {
    user: 'gc',
    resource: 'secrets',
    verb: 'list',
    purpose:
      'those whose manager is gone; it lets their content be read too: leave it out where others keep Secrets',
  },
]
