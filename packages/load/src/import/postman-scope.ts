/** What a Postman folder hands down to what is in it: variables that stand in `{{names}}`, and how requests prove who sends them. */
import { listOf, property, textOr } from './imported.ts'

export interface Scope {
  readonly variables: ReadonlyMap<string, string>
  readonly auth: unknown
}

/** Values that hold names of other values are filled so many times. */
const MAX_PASSES = 5
/** Values can hold one another many times over. */
const MAX_CHARACTERS = 1_000_000

/** The scope within an item: its own variables and credentials come before those around it. */
export function scopeInside({ variables, auth }: Scope, item: unknown): Scope {
  const own = property(item, 'auth') ?? property(property(item, 'request'), 'auth')
  const listed = listOf(property(item, 'variable'))
  return {
    variables: listed.length === 0 ? variables : new Map([...variables, ...listed.flatMap(pairOf)]),
    // `null` says "as the folder around it".
    auth: own === undefined || own === null ? auth : own,
  }
}

/** Names without a value stay as they are, `{{orderId}}`. */
export function filled(text: string, { variables }: Scope): string {
  let written = text
  for (let pass = 0; pass < MAX_PASSES && written.includes('{{'); pass++) {
    const before = written
    written = written.replace(NAMED, (whole, name: string) => variables.get(name) ?? whole)
    if (written === before || written.length > MAX_CHARACTERS) break
  }
  return written.slice(0, MAX_CHARACTERS)
}

const NAMED = /\{\{\s*([^{}\s]{1,100})\s*\}\}/g

/** The names that are left in the texts. */
export function namesIn(texts: readonly string[]): string[] {
  return [...new Set(texts.flatMap(text => Array.from(text.matchAll(NAMED), match => match[1]!)))]
}

/** The header, or the query parameter, that proves who sends it; a text for what cannot be computed here. */
export type Authorization =
  | { readonly kind: 'none' }
  | { readonly kind: 'header' | 'query'; readonly name: string; readonly value: string }
  | { readonly kind: 'unknown'; readonly why: string }

export function authorizationOf(scope: Scope): Authorization {
  const type = property(scope.auth, 'type')
  if (typeof type !== 'string' || type === 'noauth') return { kind: 'none' }
  const given = (name: string): string => {
    const settings = property(scope.auth, type)
    // A list of keys and values in v2.1, an object in v2.0.
    const listed = listOf(settings).find(one => property(one, 'key') === name)
    return filled(scalar(listed === undefined ? property(settings, name) : property(listed, 'value')), scope)
  }
  switch (type) {
    case 'bearer':
      return { kind: 'header', name: 'authorization', value: `Bearer ${given('token')}` }
    case 'oauth2':
      return { kind: 'header', name: 'authorization', value: `Bearer ${given('accessToken')}` }
    case 'basic': {
      const credentials = `${given('username')}:${given('password')}`
      // What is encoded can hold no name any more.
      if (namesIn([credentials]).length > 0)
        return { kind: 'header', name: 'authorization', value: 'Basic {{credentials}}' }
      return { kind: 'header', name: 'authorization', value: `Basic ${Buffer.from(credentials).toString('base64')}` }
    }
    case 'apikey': {
      const name = given('key')
      return { kind: given('in') === 'query' ? 'query' : 'header', name: name || 'x-api-key', value: given('value') }
    }
    default:
      return { kind: 'unknown', why: `credentials of the kind ${type.slice(0, 40)} are not computed` }
  }
}

function pairOf(variable: unknown): [string, string][] {
  const name = textOr(property(variable, 'key') ?? property(variable, 'id'), '')
  const value = property(variable, 'value')
  return name === '' || property(variable, 'disabled') === true || value === undefined ? [] : [[name, scalar(value)]]
}

function scalar(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}
