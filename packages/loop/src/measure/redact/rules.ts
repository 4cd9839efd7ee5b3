/** What a field of a run may say to strangers: one rule a field, and what has no rule, or does not keep to it, is left out. */
import { withoutLiterals } from './sql-literals.ts'

/** Pure. Undefined leaves the field out. */
export type Rule = (value: unknown, redaction: Redaction) => unknown

export interface Redaction {
  /** Folder of the project; paths below it are shown from there. */
  readonly root: string | undefined
  /** The same for the same value, and without a way back: `request-3`. */
  readonly alias: (kind: string, value: string) => string
}

export function startRedaction(root: string | undefined): Redaction {
  const known = new Map<string, Map<string, string>>()
  return {
    root,
    alias(kind, value) {
      const ofKind = known.get(kind) ?? new Map<string, string>()
      known.set(kind, ofKind)
      if (!ofKind.has(value)) ofKind.set(value, `${kind}-${ofKind.size + 1}`)
      return ofKind.get(value)!
    },
  }
}

/** Every field of `T`, of all alternatives when it is a union: a field that is added to the model does not compile until it has a rule here. */
export type Rules<T> = { readonly [K in T extends unknown ? keyof T : never]-?: Rule }

export function object<T>(rules: Rules<T>): Rule {
  const fields = Object.entries<Rule>(rules)
  return (value, redaction) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    const given = value as Readonly<Record<string, unknown>>
    return Object.fromEntries(
      fields.flatMap(([name, rule]) => {
        const kept = given[name] === undefined ? undefined : rule(given[name], redaction)
        return kept === undefined ? [] : [[name, kept]]
      }),
    )
  }
}

export function list(rule: Rule): Rule {
  return (value, redaction) =>
    Array.isArray(value) ? value.map(item => rule(item, redaction)).filter(item => item !== undefined) : undefined
}

/** Entries stay whose key and value stay. */
export function record(keys: Rule, values: Rule): Rule {
  return (value, redaction) => {
    if (typeof value !== 'object' || value === null) return undefined
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, item]) => {
        const name = keys(key, redaction)
        const kept = values(item, redaction)
        return typeof name !== 'string' || kept === undefined ? [] : [[name, kept]]
      }),
    )
  }
}

/** Numbers, flags and nothing. */
export const figure: Rule = value =>
  typeof value === 'number' || typeof value === 'boolean' || value === null ? value : undefined

/** Left out. */
export const gone: Rule = () => undefined
/** Left empty, where the shape needs a text. */
export const blank: Rule = () => ''
/** A fixed text in place of one that was there. */
export const instead =
  (text: string): Rule =>
  () =>
    text

/** Words of our own, `warm-up`, as they stand in the types. */
export const word = matching(/^[a-z]+(?:[A-Z][a-z]+)*(?:-[a-z]+)*$/)
export const schema = matching(/^[a-z-]+(?:\/[a-z-]+)?@\d{1,3}$/)
export const metric = matching(/^(?:overall|p50Ms|p95Ms|p99Ms|[a-z]+(?:[A-Z][a-z]+)*)$/)
export const instant = matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$/)
export const version = matching(
  /^(?:whetstone |PostgreSQL )?[v^~]?\d{1,4}(?:\.\d{1,5}){0,3}(?:-[a-z]{1,10}(?:\.\d{1,4})?)?$/,
)
export const runId = matching(/^\d{4}(?:-\d\d){5}-[0-9a-f]{4}$/)
/** A label of a figure: letters, and no number but a percentile or a status. */
export const label = matching(/^(?:[A-Za-z(),/%-]+|p\d\d|\d{3})(?: (?:[A-Za-z(),/%-]+|p\d\d|[1-5]\d\d))*$/)
/** A name of the schema or of the code. */
export const name = matching(/^[A-Za-z_][\w$]{0,62}$/)
export const dottedName = matching(/^[A-Za-z_][\w$]{0,62}(?:\.[A-Za-z_][\w$]{0,62}){0,3}$/)
/** `items(order_id, created)`. */
export const resource = matching(/^[A-Za-z_][\w$.]{0,130}(?:\([A-Za-z_][\w$]*(?:, ?[A-Za-z_][\w$]*)*\))?$/)
export const columnType = matching(/^[a-z_][a-z_ ]{0,60}\d?(?:\(\d{1,5}(?:,\d{1,4})?\))?(?:[a-z ]{0,30})(?:\[\])*$/i)
export const functionName = matching(/^[A-Za-z_$#(<[][\w$.#<>()[\] ]{0,120}$/)
export const packageName = matching(/^(?:@[a-z][\w.-]{0,100}\/)?[a-z][\w.-]{0,100}$/i)

/** A text that keeps to the pattern stays, all others are left empty. */
export function matching(pattern: RegExp): Rule {
  return value => (typeof value !== 'string' ? undefined : pattern.test(value) ? value : '')
}

/** Entries of a record are dropped rather than left with an empty key. */
export function key(rule: Rule): Rule {
  return (value, redaction) => rule(value, redaction) || undefined
}

export function alias(kind: string): Rule {
  return (value, redaction) => (typeof value === 'string' ? redaction.alias(kind, value) : undefined)
}

export const sql: Rule = value => (typeof value === 'string' ? withoutLiterals(value) : undefined)

/** Method and pattern; a segment that could be a key of somebody becomes `:value`. What is no route is told apart by a number only. */
export const route: Rule = (value, redaction) => {
  if (typeof value !== 'string') return undefined
  if (value === '' || value === '*' || value === 'overall') return value
  const [, method, path, operation] = /^([A-Z]{3,10}) (\/[^\s?]*)(?: ([A-Za-z_]\w*))?$/.exec(value) ?? []
  if (path === undefined) return redaction.alias('route', value)
  return [method, pathPattern(path), ...(operation === undefined ? [] : [operation])].join(' ')
}

export const template: Rule = value => (typeof value === 'string' ? pathPattern(value) : undefined)

function pathPattern(path: string): string {
  if (!path.startsWith('/')) return ':value'
  const plain = /^:[A-Za-z_]\w*$|^\{[A-Za-z_]\w*\}$|^[A-Za-z_][A-Za-z_-]*(?:\.[a-z]{1,5})?$|^v\d{1,2}$|^\*?$/
  return path
    .split('/')
    .map(segment => (plain.test(segment) ? segment : ':value'))
    .join('/')
}

/** Below the project as it is there; elsewhere from `node_modules` on, or its last part. */
export const file: Rule = (value, { root }) => {
  if (typeof value !== 'string') return undefined
  if (/^node:[a-z/_]+$/.test(value)) return value
  if (/^(?!file:)[a-z]+:\/\//i.test(value)) return '_'
  const path = value.replace(/^file:\/\//, '').replaceAll('\\', '/')
  const own = root !== undefined && path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path
  const relative = own.startsWith('/') || /^[A-Za-z]:/.test(own) ? outside(own) : own
  const plain = /^(?:[A-Za-z_.[(][\w.+()[\]-]*|@[a-z][\w.-]*)$/
  return relative
    .split('/')
    .map(segment => (plain.test(segment) && segment !== '..' ? segment : '_'))
    .join('/')
}

function outside(path: string): string {
  const at = path.lastIndexOf('/node_modules/')
  return at === -1 ? path.slice(path.lastIndexOf('/') + 1) : path.slice(at + 1)
}
