import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { needsTsx } from '../src/cli/needs-tsx.ts'

/** Asks about `main.ts`, or the first of the files, in a directory of nothing else. */
async function isForTsx(files: Readonly<Record<string, string>>): Promise<boolean> {
  const directory = await mkdtemp(join(tmpdir(), 'dialback-test-'))
  try {
    for (const [name, source] of Object.entries(files)) {
      await mkdir(dirname(join(directory, name)), { recursive: true })
      await writeFile(join(directory, name), source)
    }
    return needsTsx(join(directory, Object.keys(files)[0] ?? ''))
  } finally {
    await rm(directory, { recursive: true })
  }
}

const enumFile = 'export enum Size { small, big }'

test.each([
  [
    'types only',
    { 'main.ts': 'interface A { b: number }\nconst a: A = { b: 1 }\nconsole.log(a satisfies A)' },
  ],
  [
    'a file with its extension',
    { 'main.ts': "import { b } from './b.ts'\nconsole.log(b)", 'b.ts': 'export const b: number = 1' },
  ],
  [
    'packages and builtins',
    { 'main.ts': "import { x } from 'x'\nimport fs from 'node:fs'\nconsole.log(x, fs)" },
  ],
  [
    'imports of package.json',
    {
      'main.ts': "import { b } from '#b'\nconsole.log(b)",
      'b.ts': 'export const b = 1',
      'package.json': '{ "imports": { "#b": "./b.ts" } }',
    },
  ],
  [
    'JavaScript, whatever it imports',
    { 'main.js': "import { Size } from './size.ts'\nconsole.log(Size)", 'size.ts': enumFile },
  ],
  [
    'what looks like a decorator in a comment',
    { 'main.ts': '/**\n * @deprecated no\n */\nconst a: number = 1' },
  ],
  ['a mistake, which Node explains better', { 'main.ts': 'const a: = 1' }],
])('needsTsx() leaves %s to Node', async (_, files) => {
  expect(await isForTsx(files)).toBe(false)
})

test.each([
  ['an enum', { 'main.ts': enumFile }],
  [
    'an enum in a file that is imported',
    { 'main.ts': "import { Size } from './size.ts'\nconsole.log(Size.big)", 'size.ts': enumFile },
  ],
  [
    'a parameter property',
    { 'main.ts': 'class A { constructor(readonly b: number) {} }\nconsole.log(new A(1))' },
  ],
  ['a decorator', { 'main.ts': 'const d = (): void => {}\n@d class A {}\nconsole.log(A)' }],
  ['JSX', { 'main.tsx': 'const h = String\nconsole.log(<p>{h}</p>)' }],
  [
    'an import without extension',
    { 'main.ts': "import { b } from './b'\nconsole.log(b)", 'b.ts': 'export const b = 1' },
  ],
  [
    'an import of .js that is .ts',
    { 'main.ts': "import { b } from './b.js'\nconsole.log(b)", 'b.ts': 'export const b = 1' },
  ],
  [
    'paths of a tsconfig.json',
    {
      'main.ts': "import { b } from '@lib/b'\nconsole.log(b)",
      'lib/b.ts': 'export const b = 1',
      'tsconfig.json': '{ "compilerOptions": { "paths": { "@lib/*": ["./lib/*"] } } }',
    },
  ],
])('needsTsx() finds %s', async (_, files) => {
  expect(await isForTsx(files)).toBe(true)
})
