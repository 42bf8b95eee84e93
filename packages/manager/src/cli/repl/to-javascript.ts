/** Makes what is typed into a session, TypeScript, into what Node's REPL takes. */

import { stripTypeScriptTypes } from 'node:module'
import { Recoverable } from 'node:repl'
import { Script } from 'node:vm'
import { transformSync } from 'esbuild'

/**
 * Types are left out where that is enough, so that each name and each place stays as it was typed.
 *
 * @param code a line, or several that were found to belong together
 * @throws {Recoverable} when more lines have to follow.
 * @throws {SyntaxError} when it is wrong however it goes on.
 */
export function toJavaScript(code: string): string {
  const stripped = strip(code) ?? (/^\s*\{/.test(code) ? strip(`(${code.trim()})`) : undefined)
  if (stripped !== undefined) return withDynamicImports(stripped)
  // What only sloppy JavaScript allows.
  if (syntaxErrorOf(code) === undefined) return code
  return withDynamicImports(transformed(code))
}

function strip(code: string): string | undefined {
  try {
    return stripTypeScriptTypes(code)
  } catch {
    // Enums and the like, or an error; both are seen to by what comes next.
    return undefined
  }
}

function transformed(code: string): string {
  try {
    const tsconfigRaw = { compilerOptions: { verbatimModuleSyntax: true } }
    return transformSync(code, { loader: 'ts', logLevel: 'silent', tsconfigRaw }).code
  } catch (error) {
    const { text, isAtEnd } = firstError(error, code)
    const syntaxError = new SyntaxError(text)
    throw isAtEnd ? new Recoverable(syntaxError) : syntaxError
  }
}

/** What esbuild found, and whether nothing but the end of the code was wrong. */
function firstError(error: unknown, code: string): { text: string; isAtEnd: boolean } {
  const list: unknown = error instanceof Error && 'errors' in error ? error.errors : undefined
  const first: unknown = Array.isArray(list) ? list[0] : undefined
  if (typeof first !== 'object' || first === null || !('text' in first))
    return { text: String(error), isAtEnd: false }
  const text = String(first.text)
  const isAtEnd =
    /end of file|to terminate multi-line comment/.test(text) ||
    // esbuild has the same words for a string, which cannot go on.
    isOpenTemplate(code)
  return { text, isAtEnd }
}

function isOpenTemplate(code: string): boolean {
  try {
    stripTypeScriptTypes(code)
    return false
  } catch (error) {
    return String(error).includes('Unterminated template')
  }
}

/** A session has no import declarations of its own; a variable can be declared again, as one does there. */
function withDynamicImports(code: string): string {
  if (!/^\s*import\b/m.test(code) || syntaxErrorOf(code)?.includes('import statement') !== true) return code
  return code
    .replaceAll(/^([ \t]*)import\s*((['"])[^'"\n]+\3)[ \t]*;?/gm, '$1await import($2);')
    .replaceAll(
      /^([ \t]*)import\s+(?:([\w$]+)\s*,?\s*)?(?:\*\s*as\s+([\w$]+)\s*|\{([^}]*)\}\s*)?from\s*((['"])[^'"\n]+\6)[ \t]*;?/gm,
      (_, indent: string, ...[byDefault, namespace, named, specifier]: (string | undefined)[]) => {
        const names = [
          ...(byDefault === undefined ? [] : [`default: ${byDefault}`]),
          ...(named === undefined ? [] : [named.trim().replaceAll(/\s+as\s+/g, ': ')]),
        ]
        const declared = names.length === 0 ? '' : `var { ${names.join(', ')} } = await import(${specifier});`
        const whole = namespace === undefined ? '' : `var ${namespace} = await import(${specifier});`
        return `${indent}${declared}${whole}`
      },
    )
}

function syntaxErrorOf(code: string): string | undefined {
  try {
    return void new Script(code)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
