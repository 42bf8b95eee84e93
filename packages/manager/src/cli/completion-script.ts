/** Pure: a command line → the script by which a shell completes it. */

export const shells = ['bash', 'zsh', 'fish'] as const

/** What can be completed of one command. */
export interface CompletedCommand {
  readonly name: string
  readonly description: string
  readonly options: readonly CompletedOption[]
  /** What its first argument may be; empty if that can be anything. */
  readonly choices: readonly string[]
  /** Whether its first argument is a file. */
  readonly takesFile: boolean
  readonly commands: readonly CompletedCommand[]
}

export interface CompletedOption {
  readonly flags: readonly string[]
  readonly description: string
  readonly takesValue: boolean
}

export function completionScript(shell: (typeof shells)[number], program: CompletedCommand): string {
  switch (shell) {
    case 'bash':
      return bashScript(program)
    case 'zsh':
      return zshScript(program)
    case 'fish':
      return fishScript(program)
  }
}

/** Works in the bash 3.2 of macOS too, and needs nothing of bash-completion. */
function bashScript(program: CompletedCommand): string {
  const cases = program.commands.map(
    (command) => `    ${command.name}) words=${quote(wordsOf(command).join(' '))}${filesToo(command)} ;;`,
  )
  return `# bash completion of ${program.name}
_${program.name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} words='' files='' word
  case "\${COMP_CWORD}:\${COMP_WORDS[1]}" in
    1:*) words=${quote(wordsOf(program).join(' '))} ;;
    *)
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac ;;
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    # What follows -- is for the script.
    [ "$word" = -- ] && words='' files=1
  done
  COMPREPLY=()
  # Line by line, because names of files may have spaces in them.
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(
    compgen -W "$words" -- "$current"
    [ -n "$files" ] && compgen -f -- "$current"
  )
}
complete -o filenames -F _${program.name} ${program.name}
`
}

function wordsOf({ commands, choices, options }: CompletedCommand): string[] {
  return [...commands.map(({ name }) => name), ...choices, ...options.flatMap(({ flags }) => flags)]
}

function filesToo({ takesFile }: CompletedCommand): string {
  return takesFile ? ' files=1' : ''
}

function zshScript(program: CompletedCommand): string {
  const commands = program.commands.map(({ name, description }) => quote(`${name}:${description}`))
  const cases = program.commands.map(
    (command) => `    ${command.name}) _arguments -S ${zshArguments(command).join(' ')} ;;`,
  )
  return `#compdef ${program.name}
# zsh completion of ${program.name}
_${program.name}() {
  local -a commands=(${commands.join(' ')})
  local line state
  _arguments -C ${zshOptions(program).join(' ')} '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
  case $line[1] in
${cases.join('\n')}
  esac ;;
  esac
}
compdef _${program.name} ${program.name}
`
}

function zshArguments(command: CompletedCommand): string[] {
  const first = command.takesFile
    ? ["'*:file:_files'"]
    : command.choices.length > 0
      ? [quote(`1:${command.name}:(${command.choices.join(' ')})`)]
      : []
  return [...zshOptions(command), ...first]
}

function zshOptions({ options }: CompletedCommand): string[] {
  return options.flatMap(({ flags, description, takesValue }) => {
    const about = description.replaceAll(/[[\]:\\]/g, '\\$&')
    const value = takesValue ? ':value:' : ''
    return flags.map((flag) => quote(`${flag}[${about}]${value}`))
  })
}

function fishScript(program: CompletedCommand): string {
  const names = program.commands.map(({ name }) => name)
  const isFirst = `not __fish_seen_subcommand_from ${names.join(' ')}`
  const lines = [`# fish completion of ${program.name}`, `complete -c ${program.name} -f`]
  for (const { name, description } of program.commands) {
    lines.push(`complete -c ${program.name} -n ${quote(isFirst)} -a ${name} -d ${quote(description)}`)
  }
  lines.push(...fishOptions(program, program.options, isFirst))
  for (const command of program.commands) {
    const isWithin = `__fish_seen_subcommand_from ${command.name}`
    if (command.takesFile) lines.push(`complete -c ${program.name} -n ${quote(isWithin)} -F`)
    for (const choice of command.choices)
      lines.push(`complete -c ${program.name} -n ${quote(isWithin)} -a ${choice}`)
    lines.push(...fishOptions(program, command.options, isWithin))
  }
  return `${lines.join('\n')}\n`
}

function fishOptions(
  program: CompletedCommand,
  options: readonly CompletedOption[],
  condition: string,
): string[] {
  return options.map(({ flags, description, takesValue }) => {
    const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
    const value = takesValue ? ' -r' : ''
    return `complete -c ${program.name} -n ${quote(condition)} ${names.join(' ')}${value} -d ${quote(description)}`
  })
}

/** For all three shells: fish differs in what a quote within is, and no text here has one. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
