/** `dialback manifests`: what a cluster needs, to look at and to pipe into `kubectl apply -f -`. */

import { Command } from 'commander'
import { interactiveSessionManifest } from './interactive-session-manifest.ts'
import { addNamespaceOption, kubeApiFor, type NamespaceOptions } from './kube-options.ts'
import { rbacManifest, submitManifest } from './rbac-manifest.ts'

interface SessionOptions extends NamespaceOptions {
  readonly image: string
  readonly tty: boolean
}

interface RbacOptions extends NamespaceOptions {
  readonly submit?: true
}

const examples = `
Examples:
  $ dialback manifests rbac | kubectl apply -f -
  $ dialback manifests rbac --namespace team | kubectl apply -f -
  $ dialback manifests rbac --submit | kubectl apply -f -     for those too who run dialback submit
  $ dialback manifests interactive-session --image registry.example/dialback-manager:1 | kubectl apply -f -
  $ kubectl wait --for=jsonpath='{.status.ready}'=1 --timeout=2m job/interactive-session
  $ kubectl attach -it job/interactive-session`

/** Makes the command. @param image the manager image of this version */
export function manifestsCommand(image: string): Command {
  const rbac = subcommand('rbac')
    .description('what a manager may do, and what for: ServiceAccount, Role, RoleBinding')
    .option('--submit', 'the same too for whoever runs dialback submit, ps, logs, attach and cancel')
    .action(async (options: RbacOptions) => {
      const namespace = await namespaceOf(options)
      const manifests = [rbacManifest(namespace), ...(options.submit ? [submitManifest(namespace)] : [])]
      console.log(manifests.join('---\n').trimEnd())
    })
  const session = subcommand('interactive-session')
    .description('a Job with a manager to type into')
    .option('--image <name>', 'an image with @dialback/manager', image)
    .option('--no-tty', 'it is sent a program, by kubectl attach -i, and ends with that')
    .action(async (options: SessionOptions) => {
      const namespace = await namespaceOf(options)
      const session = { namespace, image: options.image, hasTerminal: options.tty }
      console.log(interactiveSessionManifest(session).trimEnd())
    })
  return withHelp(new Command('manifests'))
    .description('print the manifests that a cluster needs')
    .addCommand(rbac)
    .addCommand(session)
}

function subcommand(name: string): Command {
  return addNamespaceOption(withHelp(new Command(name)))
}

function withHelp(command: Command): Command {
  return command.addHelpText('after', examples).showHelpAfterError('(dialback manifests --help says more)')
}

/** That of the kubeconfig, where kubectl looks afterwards as well; to print needs no cluster. */
async function namespaceOf({ namespace }: NamespaceOptions): Promise<string> {
  if (namespace !== undefined) return namespace
  try {
    await using api = await kubeApiFor({})
    return api.namespace
  } catch {
    return 'default'
  }
}
