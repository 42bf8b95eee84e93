/** `dialback manifests`: what a cluster needs, to look at and to pipe into `kubectl apply -f -`. */

import { Command } from 'commander'
import { interactiveSessionManifest } from './interactive-session-manifest.ts'
import { namespaceName } from './namespace-name.ts'
import { rbacManifest } from './rbac-manifest.ts'

interface Options {
  readonly namespace: string
  readonly image: string
}

const examples = `
Examples:
  $ dialback manifests rbac | kubectl apply -f -
  $ dialback manifests rbac --namespace team | kubectl apply -f -
  $ dialback manifests interactive-session --image registry.example/dialback-manager:1 | kubectl apply -f -
  $ kubectl attach -it job/interactive-session`

/** Makes the command. @param image the manager image of this version */
export function manifestsCommand(image: string): Command {
  const namespace = ['--namespace <name>', 'where', namespaceName, 'default'] as const
  const more = '(dialback manifests --help says more)'
  return new Command('manifests')
    .description('print the manifests that a cluster needs')
    .addCommand(
      new Command('rbac')
        .description('what a manager may do, and what for: ServiceAccount, Role, RoleBinding')
        .option(...namespace)
        .addHelpText('after', examples)
        .showHelpAfterError(more)
        .action((options: Options) => console.log(rbacManifest(options.namespace).trimEnd())),
    )
    .addCommand(
      new Command('interactive-session')
        .description('a Job with a manager to type into')
        .option(...namespace)
        .option('--image <name>', 'an image with @dialback/manager', image)
        .addHelpText('after', examples)
        .showHelpAfterError(more)
        .action((options: Options) => console.log(interactiveSessionManifest(options).trimEnd())),
    )
    .addHelpText('after', examples)
    .showHelpAfterError(more)
}
