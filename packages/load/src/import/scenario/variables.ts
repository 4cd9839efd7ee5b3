/** Values that must not or cannot stand in a scenario file: secrets, and what a collection leaves to its environment. */
import { maskSecrets } from '@whetstone/model'
import type { EnvironmentValue, GeneratedValue } from './draft.ts'
import { literal } from './draft.ts'

const SECRET_HEADER =
  /^(proxy-authorization|authorization|cookie)$|token|secret|api-?key|passw|session|csrf|xsrf|credential|signature/
const SECRET_FIELD =
  /passw|pwd|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credential|session[-_]?id|signature/i
/** Tokens that say where a list goes on. */
const NO_SECRET = /page|next|continuation|cursor|csrf-token-name/i

/** Postman makes these itself. */
const GENERATED: Readonly<Record<string, GeneratedValue['make']>> = {
  $guid: 'uuid',
  $randomUUID: 'uuid',
  $timestamp: 'seconds',
  $randomInt: 'number',
}

export class Variables {
  readonly #keepSecrets: boolean
  /** By name and value: the same secret is one variable wherever it stands. */
  readonly #names = new Map<string, string>()
  readonly #taken = new Set<string>()
  readonly environment: EnvironmentValue[] = []
  readonly generated: GeneratedValue[] = []

  constructor({ keepSecrets }: { readonly keepSecrets: boolean }) {
    this.#keepSecrets = keepSecrets
  }

  /** The header's value as a template. */
  header(name: string, value: string): string {
    if (this.#keepSecrets || value === '') return literal(value)
    const scheme = /^(Bearer|Basic|Token) (\S+)$/i.exec(value)
    if (scheme !== null) {
      const [, word = '', secret = ''] = scheme
      return `${word} {${this.#secret(/basic/i.test(word) ? 'credentials' : 'token', secret)}}`
    }
    const isSecret = SECRET_HEADER.test(name) || looksSecret(value)
    return isSecret ? `{${this.#secret(name.replace(/^x-/, ''), value)}}` : literal(value)
  }

  /** The value of a field of a body or of a query, as a template. */
  field(name: string, value: string): string {
    return this.isSecretField(name, value) ? `{${this.#secret(name, value)}}` : literal(value)
  }

  isSecretField(name: string, value: string): boolean {
    if (this.#keepSecrets || value === '') return false
    return (SECRET_FIELD.test(name) && !NO_SECRET.test(name)) || looksSecret(value)
  }

  /** Text that is neither JSON nor a form; what looks like a secret in it cannot be named, and is masked. */
  text(value: string): string {
    return literal(this.#keepSecrets ? value : maskSecrets(value))
  }

  /** A `{{name}}` of a collection that has no value there. */
  named(name: string): string {
    const make = Object.hasOwn(GENERATED, name) ? GENERATED[name] : undefined
    const key = `named ${name}`
    const known = this.#names.get(key)
    if (known !== undefined) return known
    const own = this.#name(name.replace(/^\$/, ''))
    this.#names.set(key, own)
    if (make === undefined) this.environment.push({ name: own, variable: environmentName(own), why: 'no value' })
    else this.generated.push({ name: own, make })
    return own
  }

  #secret(name: string, value: string): string {
    const key = `secret ${value}`
    const known = this.#names.get(key)
    if (known !== undefined) return known
    const own = this.#name(name)
    this.#names.set(key, own)
    this.environment.push({ name: own, variable: environmentName(own), why: 'secret' })
    return own
  }

  #name(wanted: string): string {
    const words = wanted.split(/[^A-Za-z0-9]+/).filter(word => word !== '')
    const camel = words
      .map((word, index) => (index === 0 ? lowered(word) : word[0]!.toUpperCase() + word.slice(1)))
      .join('')
    const base = /^[A-Za-z]/.test(camel) && !RESERVED.has(camel) ? camel.slice(0, 60) : `value${camel.slice(0, 50)}`
    let name = base
    for (let count = 2; this.#taken.has(name); count++) name = `${base}${count}`
    this.#taken.add(name)
    return name
  }
}

/** Names that users of a scenario have anyway, and words the file itself uses. */
const RESERVED = new Set(['arrival', 'shared', 'scenario', 'flow', 'row', 'item', 'query', 'constructor'])

function lowered(word: string): string {
  return word === word.toUpperCase() ? word.toLowerCase() : word[0]!.toLowerCase() + word.slice(1)
}

/** `apiKey2` is API_KEY_2. */
function environmentName(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Za-z])(\d+)$/, '$1_$2')
    .toUpperCase()
}

/** Forms that are secrets wherever they stand, such as a JWT or the key of a cloud. */
function looksSecret(value: string): boolean {
  return value.length <= 10_000 && maskSecrets(value) !== value
}
