/** An OpenAPI 3 document, read into routes with the values it gives for their parameters. */
import { parse } from 'yaml'
import { normalisePattern } from '../route-pattern.ts'
import type { DescribedParameter, InputProblem, ReadSource, RouteCandidate, SourceText } from '../workload-input.ts'

type Node = Readonly<Record<string, unknown>>
const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete'] as const
/** A chain of references longer than this is a cycle. */
const MAX_REFERENCES = 20

export function readOpenapi({ file, text }: SourceText): ReadSource {
  let document: unknown
  try {
    // YAML is a superset of JSON, so one reader serves both.
    document = parse(text, { maxAliasCount: 1000 })
  } catch (error) {
    const line = (error as { linePos?: readonly { readonly line: number }[] }).linePos?.[0]?.line
    return {
      candidates: [],
      problems: [{ file, ...(line === undefined ? {} : { line }), why: `not YAML or JSON: ${firstLine(error)}` }],
    }
  }
  if (!isNode(document) || !isNode(document.paths) || !String(document.openapi).startsWith('3.')) {
    return {
      candidates: [],
      problems: [{ file, why: 'not an OpenAPI 3 document: it needs `openapi: 3.x` and `paths`' }],
    }
  }
  return readPaths(document, document.paths, file)
}

function readPaths(document: Node, paths: Node, file: string): ReadSource {
  const candidates: RouteCandidate[] = []
  const problems: InputProblem[] = []
  const base = basePath(document)
  for (const [path, unresolved] of Object.entries(paths)) {
    const item = resolve(document, unresolved)
    const pattern = normalisePattern(base + path)
    if (item === undefined || pattern === undefined) {
      problems.push({ file, why: `the path ${path} cannot be read` })
      continue
    }
    for (const method of METHODS) {
      const operation = resolve(document, item[method])
      if (operation === undefined) continue
      // The operation's parameter replaces the path's of the same name and place.
      const parameters = new Map<string, DescribedParameter>()
      for (const listed of [...list(item.parameters), ...list(operation.parameters)]) {
        const parameter = readParameter(document, listed)
        if (parameter === undefined)
          problems.push({ file, why: `a parameter of ${method.toUpperCase()} ${path} cannot be read` })
        else parameters.set(`${parameter.in} ${parameter.name}`, parameter)
      }
      const body = exampleBody(document, operation.requestBody)
      candidates.push({
        origin: 'openapi',
        method: method.toUpperCase(),
        pattern,
        requests: [],
        weight: 1,
        parameters: [...parameters.values()],
        ...(body === undefined ? {} : { body }),
      })
    }
  }
  return { candidates, problems }
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
  const given = [...examples, parameter.example, ...list(schema.examples), schema.example, schema.default]
  const values = [...list(schema.enum), ...list(items?.enum), ...given].flatMap(scalarText)
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
  return example === undefined ? undefined : JSON.stringify(example)
}

/** The path of the first server, `/v1` of `https://api.example.com/v1`; its variables are filled with their defaults. */
function basePath(document: Node): string {
  const server = list(document.servers)[0]
  if (!isNode(server) || typeof server.url !== 'string') return ''
  const variables = isNode(server.variables) ? server.variables : {}
  const url = server.url.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const variable = variables[name]
    return isNode(variable) && typeof variable.default === 'string' ? variable.default : whole
  })
  const path = URL.canParse(url, 'http://localhost') ? new URL(url, 'http://localhost').pathname : ''
  return path.replace(/\/+$/, '')
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
      const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
      return isNode(at) || Array.isArray(at) ? (at as Node)[name] : undefined
    }, document)
  }
  return undefined
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function scalarText(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(scalarText)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? [String(value)] : []
}

function firstLine(error: unknown): string {
  return (error as Error).message.split('\n')[0]!
}
