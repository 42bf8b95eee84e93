/** Pure: what whoever runs `dialback submit` has to be allowed, and `ps`, `logs`, `attach` and `cancel` with it. */

import type { Permission } from './permissions.ts'

const user = 'submit'

/**
 * The manager runs as an account that is there; to make one for each Job takes, besides, what that account may do, and `create` of
 * accounts, Roles and RoleBindings. Verbs of one resource beside each other.
 */
export const submitPermissions: readonly Permission[] = [
  { user, resource: 'jobs.batch', verb: 'create', purpose: 'the Job of a script' },
  { user, resource: 'jobs.batch', verb: 'get', purpose: 'whether it has ended, and how' },
  { user, resource: 'jobs.batch', verb: 'list', purpose: 'dialback ps' },
  { user, resource: 'jobs.batch', verb: 'patch', purpose: 'to start it once all is there, and to stop it' },
  { user, resource: 'jobs.batch', verb: 'delete', purpose: 'what can never start' },
  { user, resource: 'configmaps', verb: 'create', purpose: 'the program' },
  {
    user,
    resource: 'configmaps',
    verb: 'get',
    purpose: 'to remove the program when the script has ended',
    without: 'it goes with the Job',
  },
  {
    user,
    resource: 'configmaps',
    verb: 'delete',
    purpose: 'the same',
    without: 'it goes with the Job',
  },
  {
    user,
    resource: 'serviceaccounts',
    verb: 'get',
    purpose: 'whether the account of managers is there',
    without: 'it is taken to be there',
  },
  { user, resource: 'pods', verb: 'list', purpose: "the manager's pod, which runs the script" },
  { user, resource: 'pods', verb: 'get', purpose: 'how it ended' },
  { user, resource: 'pods/log', verb: 'get', purpose: 'what the script writes' },
  {
    user,
    resource: 'pods/portforward',
    verb: 'create',
    purpose: 'a program that is too large for a ConfigMap',
    without: 'such a program needs an image',
  },
  {
    user,
    resource: 'pods/portforward',
    verb: 'get',
    purpose: 'the same: over WebSockets older API servers ask for this verb',
    without: 'such a program needs an image',
  },
  {
    user,
    resource: 'events',
    verb: 'list',
    purpose: 'why the cluster makes no pod of the Job, for want of quota perhaps',
    without: 'nobody says so',
  },
]
