/** `dialback manifests`: what a cluster needs, to look at and to pipe into `kubectl apply -f -`. */

import { Command, Option } from 'commander'
import { imageName } from './image-name.ts'
import { interactiveSessionManifest } from './interactive-session-manifest.ts'
import { addNamespaceOption, kubeApiFor, type NamespaceOptions } from './kube-options.ts'
import { rbacManifest, submitManifest } from './rbac-manifest.ts'

interface SessionOptions {
  readonly image: string
  readonly tty: boolean
}

interface RbacOptions {
  readonly submit?: true
}

const examples = `
Examples:
  $ dialback manifests                                         all of them, one after the other
  $ dialback manifests rbac | kubectl apply -f -
  $ dialback manifests rbac --namespace team | kubectl apply -f -
  $ dialback manifests rbac --submit | kubectl apply -f -     for those too who run dialback submit
  $ dialback manifests interactive-session --image registry.example/dialback-manager:1 | kubectl apply -f -
  $ kubectl wait --for=jsonpath='{.status.ready}'=1 --timeout=2m job/interactive-session
  $ kubectl attach -it job/interactive-session`

/** Makes the command. @param image the manager image of this version */
export function manifestsCommand(image: string): Command {
  const rbac = withHelp(new Command('rbac'))
    .description('what a manager may do, and what for: ServiceAccount, Role, RoleBinding')
    .option('--submit', 'the same too for whoever runs dialback submit, ps, logs, attach and cancel')
    .action(async ({ submit }: RbacOptions, command: Command) => {
      const namespace = await namespaceFor(command)
      print(rbacManifest(namespace), ...(submit ? [submitManifest(namespace)] : []))
    })
  const session = withHelp(new Command('interactive-session'))
    .description('a Job with a manager to type into')
    .addOption(
      new Option('--image <name>', 'an image with @dialback/manager').default(image).argParser(imageName),
    )
    .option('--no-tty', 'it is sent a program, by kubectl attach -i, and ends with that')
    .action(async ({ image: name, tty }: SessionOptions, command: Command) => {
      const namespace = await namespaceFor(command)
      print(interactiveSessionManifest({ namespace, image: name, hasTerminal: tty }))
    })
  const all = withHelp(new Command('manifests'))
    .description('print the manifests that a cluster needs: all, or those of one name')
    .addCommand(rbac)
    .addCommand(session)
    .helpCommand(true)
    .allowExcessArguments()
    .action(async (_: object, command: Command) => {
      if (command.args.length > 0) refuseName(command)
      const namespace = await namespaceFor(command)
      print(rbacManifest(namespace), interactiveSessionManifest({ namespace, image, hasTerminal: true }))
    })
  return addNamespaceOption(all)
}

/** As commander does where no name at all is an error. Its types leave the method out. */
function refuseName(command: Command): never {
  return (command as unknown as { unknownCommand(): never }).unknownCommand()
}

function print(...manifests: readonly string[]): void {
  console.log(manifests.join('---\n').trimEnd())
}

function withHelp(command: Command): Command {
  return command.addHelpText('after', examples).showHelpAfterError('(dialback manifests --help says more)')
}

/** That of the kubeconfig, where kubectl looks afterwards as well; to print needs no cluster. */
async function namespaceFor(command: Command): Promise<string> {
  const { namespace } = command.optsWithGlobals<NamespaceOptions>()
  if (namespace !== undefined) return namespace
  try {
    await using api = await kubeApiFor({})
    return api.namespace
  } catch {
    return 'default'
  }
}
