/** Types a TypeScript program into Node's REPL, statement by statement, as one would with its types left out. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname } from 'node:path'
import { text } from 'node:stream/consumers'
import { type ImportDeclaration, parse } from 'acorn'

/** Waits for the prompt before each statement, and gives all that the REPL wrote, once it has ended. `path`: absolute. */
export async function typeIntoRepl(path: string): Promise<string> {
  const child = spawn(process.execPath, ['-i'], { cwd: dirname(path), stdio: ['pipe', 'pipe', 'pipe'] })
  const stderr = text(child.stderr)
  const statements = statementsOf(path)
  let output = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (chunk: string) => {
    output += chunk
    if (!/(^|\n|\| )> $/.test(output.slice(-4))) return
    const statement = statements.shift()
    if (statement === undefined) child.stdin.end()
    else child.stdin.write(`${statement}\n`)
  })
  await once(child, 'close')
  return output + (await stderr)
}

function statementsOf(path: string): string[] {
  const source = stripTypeScriptTypes(readFileSync(path, 'utf8'))
  const { body } = parse(source, { ecmaVersion: 'latest', sourceType: 'module' })
  return body.map((statement) =>
    statement.type === 'ImportDeclaration'
      ? importStatement(statement)
      : source.slice(statement.start, statement.end).replaceAll(/^ *\n/gm, ''),
  )
}

/** A REPL takes no import declarations. */
function importStatement({ specifiers, source }: ImportDeclaration): string {
  const from = `await import(${JSON.stringify(source.value)})`
  const [first] = specifiers
  if (first?.type === 'ImportNamespaceSpecifier') return `const ${first.local.name} = ${from}`
  const names = specifiers.map((specifier) => {
    if (specifier.type === 'ImportDefaultSpecifier') return `default: ${specifier.local.name}`
    if (specifier.type !== 'ImportSpecifier' || specifier.imported.type !== 'Identifier') return ''
    return `${specifier.imported.name}: ${specifier.local.name}`
  })
  return `const { ${names.join(', ')} } = ${from}`
}
