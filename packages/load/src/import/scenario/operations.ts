/** The operations of an OpenAPI document as flows: those that only read, and for which the document gives the values they need. */
import type { ImportProblem } from '../imported.ts'
import { escapedForUrl } from '../imported.ts'
import type { DescribedParameter, Description, Operation } from '../openapi.ts'
import { parametersOf } from '../route-pattern.ts'
import type { DraftFeeder, DraftFlow, DraftRequest } from './draft.ts'
import { literal } from './draft.ts'
import { bodyOf } from './request-step.ts'
import type { Variables } from './variables.ts'

export interface OperationOptions {
  readonly file: string
  readonly variables: Variables
  /** Take operations that change data too. */
  readonly writes: boolean
}

/** Values of one parameter that are drawn. */
const MAX_VALUES = 1_000

export function flowsOfOperations(
  { operations }: Description,
  options: OperationOptions,
): { readonly flows: DraftFlow[]; readonly leftOut: ImportProblem[] } {
  const flows: DraftFlow[] = []
  const leftOut: ImportProblem[] = []
  for (const operation of operations) {
    const name = `${operation.method} ${operation.pattern}`
    const reads = operation.method === 'GET' || operation.method === 'HEAD'
    const step =
      reads || options.writes ? stepOf(operation, options.variables) : 'it changes data; --writes takes it in'
    if (typeof step === 'string') leftOut.push({ file: options.file, why: `left out ${name}: ${step}` })
    else if (!flows.some(flow => flow.name === name)) flows.push({ name, weight: 1, steps: [step] })
  }
  return { flows, leftOut }
}

function stepOf({ method, pattern, parameters, body }: Operation, variables: Variables): DraftRequest | string {
  const values = new Map<string, readonly string[]>()
  for (const { name } of parametersOf(pattern)) {
    const inPath = parameters.filter(one => one.in === 'path')
    const described = inPath.find(one => one.name === name)
    const found = valuesOf(described)
    if (found.length === 0) return `the document gives no value for {${name}}`
    values.set(name, found)
  }
  const missing = parameters.find(one => one.in !== 'path' && one.required && valuesOf(one).length === 0)
  if (missing !== undefined) return `the document gives no value for the ${missing.in} parameter ${missing.name}`
  if (body === undefined && method !== 'GET' && method !== 'HEAD' && method !== 'DELETE')
    return 'the document gives no example of its body'
  const unsendable = parameters.find(
    one => one.in === 'header' && one.required && !/^[\w!#$%&'*+.^`|~-]+$/.test(one.name),
  )
  if (unsendable !== undefined) return `no header can be called ${unsendable.name}`
  const feeders: Record<string, DraftFeeder> = {}
  const place = (name: string, own: readonly string[], escape: (text: string) => string): string => {
    if (own.length === 1) return literal(escape(own[0]!))
    feeders[name] = { kind: 'list', values: own.map(scalar) }
    return `{${name}}`
  }
  const path = pattern.replace(/:([A-Za-z_]\w*)/g, (_, name: string) =>
    place(nameOf(name, feeders), values.get(name)!, escapedForUrl),
  )
  const given = parameters.filter(one => one.in !== 'path' && valuesOf(one).length > 0)
  const query = given
    .filter(one => one.in === 'query')
    .map(
      one =>
        `${escapedForUrl(one.name)}=${secretOr(one, variables, () => place(nameOf(one.name, feeders), valuesOf(one), escapedForUrl))}`,
    )
  const headers = given
    .filter(one => one.in === 'header' && one.required)
    .map(
      one =>
        [
          one.name.toLowerCase(),
          variables.header(one.name.toLowerCase(), valuesOf(one)[0]!.replace(/[\0\r\n]+/g, ' ')),
        ] as const,
    )
  return {
    kind: 'request',
    method,
    path: path + (query.length === 0 ? '' : `?${query.join('&')}`),
    name: `${method} ${pattern}`,
    headers: Object.fromEntries(headers),
    ...(body === undefined ? {} : { body: bodyOf(body, 'application/json', variables) }),
    with: feeders,
  }
}

function secretOr(parameter: DescribedParameter, variables: Variables, otherwise: () => string): string {
  const [first = ''] = valuesOf(parameter)
  return variables.isSecretField(parameter.name, first) ? variables.field(parameter.name, first) : otherwise()
}

/** Those the document names, else the whole numbers between its bounds, at most a thousand. */
function valuesOf(parameter: DescribedParameter | undefined): readonly string[] {
  if (parameter === undefined) return []
  const { values, minimum, maximum, type } = parameter
  if (values.length > 0) return values.slice(0, MAX_VALUES)
  if (type === 'boolean') return ['true', 'false']
  if (type !== 'integer' || minimum === undefined || maximum === undefined || !(maximum >= minimum)) return []
  const first = Math.ceil(minimum)
  return Array.from({ length: Math.min(MAX_VALUES, Math.floor(maximum) - first + 1) }, (_, index) =>
    String(first + index),
  )
}

/** A name that templates can hold. */
function nameOf(name: string, taken: Readonly<Record<string, DraftFeeder>>): string {
  const plain = /^[A-Za-z_]\w*$/.test(name) ? name : `value${name.replace(/\W/g, '')}`
  const own = plain === 'arrival' || plain === 'shared' ? `${plain}Value` : plain
  let free = own
  for (let count = 2; Object.hasOwn(taken, free); count++) free = `${own}${count}`
  return free
}

function scalar(text: string): string | number {
  const number = Number(text)
  return text !== '' && Number.isSafeInteger(number) && String(number) === text ? number : text
}
