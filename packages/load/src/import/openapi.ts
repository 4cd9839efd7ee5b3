/** An OpenAPI 3 document, read into routes with the values it gives for their parameters. */
import { parse } from 'yaml'
import type { ImportProblem, SourceText } from './imported.ts'
import { excerptOf, listOf, Problems } from './imported.ts'
import { isOwnPath, normalisePattern } from './route-pattern.ts'

type Node = Readonly<Record<string, unknown>>
const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete'] as const
/** A chain of references longer than this is a cycle. */
const MAX_REFERENCES = 20
/** A longer path is no route of anybody's. */
const MAX_PATH_CHARACTERS = 2_000

export interface Description {
  readonly operations: readonly Operation[]
  readonly problems: readonly ImportProblem[]
  readonly unreadable: number
  /** Of the first server that is an address of its own, `https://api.example.com`. */
  readonly origin?: string
  readonly title?: string
}

/** A method on a path, with the values the document gives. */
export interface Operation {
  readonly method: string
  /** Normalised, with the path of the first server in front. */
  readonly pattern: string
  readonly parameters: readonly DescribedParameter[]
  /** The example of its JSON body. */
  readonly body?: string
}

/** A path or query parameter as OpenAPI describes it. */
export interface DescribedParameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  /** Examples, the default or all values of an enum. */
  readonly values: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly type?: string
}

export function readOpenapi({ file, text }: SourceText): Description {
  let document: unknown
  try {
    // YAML is a superset of JSON, but its reader takes a hundred times as long, which is seconds for the largest documents.
    document = asJson(text) ?? parse(text, { maxAliasCount: 1000, logLevel: 'error' })
  } catch (error) {
    const line = (error as { linePos?: readonly { readonly line: number }[] }).linePos?.[0]?.line
    return refused({ file, ...(line === undefined ? {} : { line }), why: `not YAML or JSON: ${firstLine(error)}` })
  }
  const version = isNode(document) ? document.openapi : undefined
  const isThree = (typeof version === 'string' || typeof version === 'number') && String(version).startsWith('3.')
  if (!isNode(document) || !isNode(document.paths) || !isThree)
    return refused({ file, why: 'not an OpenAPI 3 document: it needs `openapi: 3.x` and `paths`' })
  const server = firstServer(document)
  const title = isNode(document.info) ? document.info.title : undefined
  return {
    ...readPaths(document, document.paths, file, server.base),
    ...(server.origin === undefined ? {} : { origin: server.origin }),
    ...(typeof title === 'string' ? { title } : {}),
  }
}

/** `undefined` where it is none: the YAML reader then says what is wrong with it, and where. */
function asJson(text: string): unknown {
  if (!/^\s*\{/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function refused(problem: ImportProblem): Description {
  return { operations: [], problems: [problem], unreadable: 1 }
}

function readPaths(document: Node, paths: Node, file: string, base: string): Description {
  const operations: Operation[] = []
  const problems = new Problems(file)
  for (const [path, unresolved] of Object.entries(paths)) {
    // Names of their own that people add to documents.
    if (path.startsWith('x-')) continue
    const pointer = `/paths/${escapedStep(path)}`
    const item = resolve(document, unresolved)
    const pattern = path.length > MAX_PATH_CHARACTERS ? undefined : normalisePattern(base + path)
    if (item === undefined || pattern === undefined || !isOwnPath(pattern)) {
      problems.add({ pointer, why: `the path ${excerptOf(path)} cannot be read` })
      continue
    }
    for (const method of METHODS) {
      const operation = resolve(document, item[method])
      if (operation === undefined) continue
      // The operation's parameter replaces the path's of the same name and place.
      const parameters = new Map<string, DescribedParameter>()
      for (const listed of [...listOf(item.parameters), ...listOf(operation.parameters)]) {
        const parameter = readParameter(document, listed)
        if (parameter === undefined)
          problems.add({
            pointer: `${pointer}/${method}`,
            why: `a parameter of ${method.toUpperCase()} ${path} cannot be read`,
          })
        else parameters.set(`${parameter.in} ${parameter.name}`, parameter)
      }
      const body = exampleBody(document, operation.requestBody)
      operations.push({
        method: method.toUpperCase(),
        pattern,
        parameters: [...parameters.values()],
        ...(body === undefined ? {} : { body }),
      })
    }
  }
  return { operations, problems: problems.list('places'), unreadable: problems.count }
}

/** A name as RFC 6901 writes it in a pointer. */
function escapedStep(name: string): string {
  return excerptOf(name).replaceAll('~', '~0').replaceAll('/', '~1')
}

function readParameter(document: Node, listed: unknown): DescribedParameter | undefined {
  const parameter = resolve(document, listed)
  if (parameter === undefined || typeof parameter.name !== 'string') return undefined
  const place = parameter.in
  if (place === 'cookie') return { name: parameter.name, in: 'header', required: false, values: [] }
  if (place !== 'path' && place !== 'query' && place !== 'header') return undefined
  const schema = resolve(document, parameter.schema) ?? {}
  const examples = Object.values(isNode(parameter.examples) ? parameter.examples : {}).map(
    one => resolve(document, one)?.value,
  )
  const items = schema.type === 'array' ? resolve(document, schema.items) : undefined
  const given = [...examples, parameter.example, ...listOf(schema.examples), schema.example, schema.default]
  const values = [...listOf(schema.enum), ...listOf(items?.enum), ...given].flatMap(scalarText)
  return {
    // As the pattern spells it, where a hyphen would end the name.
    name: place === 'path' ? parameter.name.replaceAll('-', '_') : parameter.name,
    in: place,
    required: parameter.required === true || place === 'path',
    values: [...new Set(values)],
    ...(typeof schema.minimum === 'number' ? { minimum: schema.minimum } : {}),
    ...(typeof schema.maximum === 'number' ? { maximum: schema.maximum } : {}),
    ...(typeof schema.type === 'string' ? { type: schema.type } : {}),
  }
}

function exampleBody(document: Node, unresolved: unknown): string | undefined {
  const content = resolve(document, unresolved)?.content
  const json = isNode(content) ? resolve(document, content['application/json']) : undefined
  if (json === undefined) return undefined
  const first = isNode(json.examples) ? resolve(document, Object.values(json.examples)[0])?.value : undefined
  const example = json.example ?? first ?? resolve(document, json.schema)?.example
  try {
    return example === undefined ? undefined : JSON.stringify(example)
  } catch {
    // An alias of YAML that holds itself.
    return undefined
  }
}

/** The path of the first server, `/v1` of `https://api.example.com/v1`, and its address; its variables are filled with their defaults. */
function firstServer(document: Node): { readonly base: string; readonly origin?: string } {
  const server = listOf(document.servers)[0]
  if (!isNode(server) || typeof server.url !== 'string') return { base: '' }
  const variables = isNode(server.variables) ? server.variables : {}
  const url = server.url.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const variable = variables[name]
    return isNode(variable) && typeof variable.default === 'string' ? variable.default : whole
  })
  const base = URL.canParse(url, 'http://localhost')
    ? new URL(url, 'http://localhost').pathname.replace(/\/+$/, '')
    : ''
  return { base, ...(/^https?:/i.test(url) && URL.canParse(url) ? { origin: new URL(url).origin } : {}) }
}

/** Follows `$ref` inside the document; references into other files are not followed. */
function resolve(document: Node, value: unknown): Node | undefined {
  let node = value
  for (let hops = 0; hops < MAX_REFERENCES; hops++) {
    if (!isNode(node)) return undefined
    if (typeof node.$ref !== 'string') return node
    if (!node.$ref.startsWith('#/')) return undefined
    const steps = node.$ref.slice(2).split('/')
    node = steps.reduce<unknown>((at, step) => {
      const name = unescaped(step)
      return (isNode(at) || Array.isArray(at)) && Object.hasOwn(at, name) ? (at as Node)[name] : undefined
    }, document)
  }
  return undefined
}

function unescaped(step: string): string {
  try {
    return decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
  } catch {
    return step
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** One level deep: an alias of YAML may hold itself. */
function scalarText(value: unknown): string[] {
  const values = Array.isArray(value) ? (value as readonly unknown[]) : [value]
  return values.flatMap(one =>
    typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean' ? [String(one)] : [],
  )
}

function firstLine(error: unknown): string {
  return (error as Error).message.split('\n')[0]!
}
