/** GraphQL: one URL serves every operation, so the route gets the operation's name, read where the `graphql` package executes it. */
import { currentRequest } from '../context.ts'
import { failed } from '../guard.ts'
import type { ModuleHook } from '../module-loading.ts'

interface Definition {
  readonly kind: string
  readonly name?: { readonly value: string }
  readonly selectionSet?: { readonly selections: readonly { readonly name?: { readonly value: string } }[] }
}
interface Document {
  readonly definitions: readonly Definition[]
}
interface ExecuteArguments {
  readonly document?: Document
  readonly operationName?: string | null
}
type Execute = (this: unknown, ...args: unknown[]) => unknown
interface Executor {
  execute?: Execute
}

export const graphqlHooks: readonly ModuleHook[] = [
  { file: /\/graphql\/execution\/execute\.js$/, patch: exports => hookExecute(exports as Executor) },
  { file: /\/@graphql-tools\/executor\/.*\/execute\.(?:c?js)$/, patch: exports => hookExecute(exports as Executor) },
]
const longestName = 80
const operationsInName = 3

function hookExecute(exports: Executor): void {
  const original = exports.execute
  if (typeof original !== 'function') return
  exports.execute = function execute(_args, ..._rest) {
    try {
      nameOperation(arguments as unknown as ArrayLike<unknown>)
    } catch (error) {
      failed(error)
    }
    return Reflect.apply(original, this, arguments as unknown as unknown[])
  }
}

function nameOperation(args: ArrayLike<unknown>): void {
  const record = currentRequest()
  if (record === undefined || record.isFinished) return
  const first = args[0] as ExecuteArguments
  // Version 15 also takes (schema, document, root, context, variables, operationName).
  const document = first.document ?? (args[1] as Document | undefined)
  const operationName = first.document ? first.operationName : (args[5] as string | undefined)
  const name = operationName || nameIn(document)
  if (name === undefined || record.operation?.split('+').includes(name)) return
  // A batch executes several; a few of them name it.
  if (record.operation === undefined) record.operation = name
  else if (record.operation.split('+').length < operationsInName) record.operation += `+${name}`
}

/** The operation's own name, else the fields it asks for. */
function nameIn(document: Document | undefined): string | undefined {
  const operation = document?.definitions.find(definition => definition.kind === 'OperationDefinition')
  const fields = operation?.selectionSet?.selections.flatMap(({ name }) => name?.value ?? []).join(',')
  return (operation?.name?.value ?? (fields ? `{${fields}}` : undefined))?.slice(0, longestName)
}
