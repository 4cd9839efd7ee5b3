/** Every TypeScript that a page shows is compiled: whole where it is made of the runtime, else as far as it can be known. */
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { beforeAll, expect, test } from 'vitest'
import { practices } from '../src/index.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))

/** What the remedies take as given, as a page of documentation does. */
const given = `
import type { Pool as GivenPool } from '@whetstone/runtime/data'
interface User { readonly id: number; readonly name: string }
interface Item { readonly order_id: number; readonly sku: string }
interface Order { readonly id: number; readonly created_at: Date; readonly total: string }
declare const orders: readonly Order[], order: Order, items: readonly Item[], id: number
declare const url: string, sql: string, secret: string, cursor: string | undefined
declare function nextOf(n: string): number
declare const reply: {
  code(status: number): typeof reply
  type(type: string): typeof reply
  header(name: string, value: string): typeof reply
  send(body: unknown): typeof reply
}
declare const pool: GivenPool, db: GivenPool, primary: GivenPool, replica1: GivenPool
declare const north: GivenPool, south: GivenPool, customer: number, total: string
declare const text: string, values: readonly unknown[]
declare const request: { readonly cookies: { readonly session?: string } }
declare const post: Readonly<Record<'authorId' | 'editorId' | 'reviewerId', number>>
declare function itemsByOrders(ids: readonly number[]): Promise<readonly Item[]>
`

/** For examples that are made of the runtime and leave their imports to the page's reader. */
const made = `import { batched } from '@whetstone/runtime/batch'
import { ReplicaSet, ShardRouter } from '@whetstone/runtime/data'`

const practicesOfRuntime = practices.flatMap(({ id, remedy: { withRuntime, example } }) => [
  ...(withRuntime ? [{ name: `${id}.offered.ts`, code: withRuntime }] : []),
  ...(/batched\(|new (ReplicaSet|ShardRouter)\(/.test(example.after)
    ? [{ name: `${id}.made.ts`, code: `${made}\n${example.after}` }]
    : []),
])
const examples = practices.flatMap(({ id, remedy: { example } }) =>
  example.language === 'ts'
    ? (['before', 'after'] as const).map(arm => ({ name: `${id}.${arm}.ts`, code: example[arm] }))
    : [],
)
const wrong = `import { nothingOfTheKind } from '@whetstone/runtime/data'\nnothingOfTheKind()`
const broken = "const one: number = 'one'\nif ("

/** Unknown names, and what nothing can be known of for want of them. */
const leftToTheReader: ReadonlySet<number> = new Set([2304, 2552, 7006, 7031, 18004])

let errors: readonly CodeError[]
beforeAll(() => {
  const offered = [...practicesOfRuntime, { name: 'wrong.ts', code: wrong }]
  const shown = [...examples, { name: 'broken.ts', code: broken }]
  // One program: its types are read once.
  errors = errorsOf(
    new Map([
      ...offered.map(({ name, code }) => [name, moduleOf(code, given)] as const),
      ...shown.map(({ name, code }) => [name, moduleOf(code, "import * as crypto from 'node:crypto'")] as const),
    ]),
  )
}, 240_000)

const textsOf = (of: readonly { readonly name: string }[], among = errors) =>
  among.filter(({ name }) => of.some(one => one.name === name)).map(({ name, text }) => `${name}: ${text}`)

test('what a practice offers of the runtime compiles, and what the runtime has not would be seen', () => {
  const names = practicesOfRuntime.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['n-plus-one.offered.ts', 'batch-reads.made.ts', 'sharding.made.ts']))
  expect(textsOf(practicesOfRuntime)).toEqual([])
  expect(textsOf([{ name: 'wrong.ts' }])).toEqual([expect.stringContaining('nothingOfTheKind')])
})

test('what a page shows is TypeScript, and wrong in nothing but what it leaves to its reader', () => {
  const known = errors.filter(({ code }) => !leftToTheReader.has(code))
  expect(examples.length).toBeGreaterThan(100)
  expect(textsOf(examples, known)).toEqual([])
  expect(textsOf([{ name: 'broken.ts' }], known)).toContainEqual(expect.stringContaining('is not assignable'))
})

/** Imports first, the rest as the body of a handler, save what exports and is a module itself. */
function moduleOf(code: string, givenText: string): string {
  if (/^export /m.test(code)) return code
  const lines = code.split('\n')
  const imports = lines.filter(line => line.startsWith('import '))
  const body = lines.filter(line => !line.startsWith('import '))
  return [...imports, givenText, 'export async function handler() {', ...body, '}'].join('\n')
}

interface CodeError {
  readonly name: string
  readonly code: number
  readonly text: string
}

function errorsOf(texts: ReadonlyMap<string, string>): readonly CodeError[] {
  const files = new Map([...texts].map(([name, text]) => [`${folder}${name}`, text]))
  const options: ts.CompilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    allowImportingTsExtensions: true,
    customConditions: ['@whetstone/source'],
    types: ['node'],
    skipLibCheck: true,
    noEmit: true,
  }
  const host = ts.createCompilerHost(options)
  const inner = { ...host }
  host.fileExists = file => files.has(file) || inner.fileExists(file)
  host.readFile = file => files.get(file) ?? inner.readFile(file)
  host.getSourceFile = (file, version, ...more) => {
    const text = files.get(file)
    return text === undefined ? inner.getSourceFile(file, version, ...more) : ts.createSourceFile(file, text, version)
  }
  const program = ts.createProgram([...files.keys()], options, host)
  return [...files.keys()].flatMap(file => {
    const source = program.getSourceFile(file)
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ code, messageText }) => ({
        name: file.slice(folder.length),
        code,
        text: ts.flattenDiagnosticMessageText(messageText, ' '),
      }),
    )
  })
}
