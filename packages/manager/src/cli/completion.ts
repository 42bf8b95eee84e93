/** `dialback completion`: prints what lets a shell complete commands and options. */

import { Argument, Command } from 'commander'
import { type CompletedCommand, completionScript, shells } from './completion-script.ts'

const examples = `
Examples:
  $ dialback completion bash >> ~/.bashrc
  $ dialback completion zsh > "\${fpath[1]}/_dialback"
  $ dialback completion fish > ~/.config/fish/completions/dialback.fish`

/** Makes the command; `program` gives the whole command line, which is complete only later. */
export function completionCommand(program: () => Command): Command {
  return new Command('completion')
    .description('print what lets a shell complete commands and options')
    .addArgument(new Argument('<shell>', 'for which shell').choices(shells))
    .addHelpText('after', examples)
    .showHelpAfterError('(dialback completion --help says more)')
    .action((shell: (typeof shells)[number]) => {
      process.stdout.write(completionScript(shell, completed(program())))
    })
}

/** What there is to complete, read off the command line itself, so that no command is forgotten. */
function completed(command: Command): CompletedCommand {
  const help = command.createHelp()
  return {
    name: command.name(),
    description: command.description(),
    options: [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)].map((option) => ({
      flags: [option.short, option.long].filter((flag) => flag !== undefined),
      description: option.description,
      takesValue: option.required || option.optional,
    })),
    choices: command.registeredArguments[0]?.argChoices ?? [],
    takesFile: command.registeredArguments[0]?.name() === 'script',
    commands: help
      .visibleCommands(command)
      .filter((child) => child.name() !== 'help')
      .map(completed),
  }
}
