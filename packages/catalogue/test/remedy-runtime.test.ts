import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { practices } from '../src/index.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))

/** What the remedies take as given, as a page of documentation does. */
const given = `
import type { Pool as GivenPool } from '@whetstone/runtime/data'
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
declare const pool: GivenPool
`

const wrong = `import { nothingOfTheKind } from '@whetstone/runtime/data'\nnothingOfTheKind()`

test(
  'what a practice offers of the runtime compiles, and what the runtime has not would be seen',
  {
    timeout: 240_000,
  },
  () => {
    const offered = practices.flatMap(({ id, remedy }) =>
      remedy.withRuntime ? [{ id, code: remedy.withRuntime }] : [],
    )
    expect(offered.length).toBeGreaterThan(0)
    // One program: its types are read once.
    const all = [...offered, { id: 'wrong', code: wrong }]
    const files = new Map(all.map(({ id, code }) => [`${folder}${id}.offered.ts`, moduleOf(code)]))
    expect(errorsOf(files)).toEqual([expect.stringMatching(/^wrong\.offered\.ts: .*nothingOfTheKind/)])
  },
)

/** Imports first, the rest as the body of a handler. */
function moduleOf(code: string): string {
  const lines = code.split('\n')
  const imports = lines.filter(line => line.startsWith('import '))
  const body = lines.filter(line => !line.startsWith('import '))
  return [...imports, given, 'export async function handler() {', ...body, '}'].join('\n')
}

function errorsOf(files: ReadonlyMap<string, string>): readonly string[] {
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
      ({ messageText }) => `${file.slice(folder.length)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    )
  })
}
