/** Text with `{names}` in it, split once before the run, so that filling it in for a user is a few joins. */
import type { VirtualUser } from './user.ts'

export type Part = string | Placeholder

export interface Placeholder {
  /** As written between the braces, for messages. */
  readonly text: string
  /** A variable, then properties of it: `item.id` is `['item', 'id']`. */
  readonly path: readonly [string, ...string[]]
  /** `{+next}`: the value is a piece of URL already and keeps its slashes. */
  readonly reserved: boolean
}

/** Where a value is put decides how it is written. All give latin1 text, one character for each byte. */
export type Place = 'path' | 'header' | 'text' | 'json-text' | 'json-value' | 'form'

const NAME = String.raw`\+?[A-Za-z_$][\w$]*(?:\.[\w$-]+|\[\d+\])*`
const PLACEHOLDER = new RegExp(String.raw`\{\{(${NAME})\}\}|\{(${NAME})\}`, 'g')

/** `{{name}}` stands for a literal `{name}`; braces around anything that is not a name mean nothing. */
export function parseTemplate(text: string): readonly Part[] {
  const parts: Part[] = []
  let fixed = ''
  let at = 0
  for (const match of text.matchAll(PLACEHOLDER)) {
    fixed += text.slice(at, match.index)
    at = match.index + match[0].length
    if (match[1] !== undefined) fixed += `{${match[1]}}`
    else {
      if (fixed !== '') parts.push(fixed)
      fixed = ''
      parts.push(placeholder(match[2]!))
    }
  }
  fixed += text.slice(at)
  if (fixed !== '' || parts.length === 0) parts.push(fixed)
  return parts
}

/** The text of a template without names; undefined when it has some. */
export function fixedText(parts: readonly Part[]): string | undefined {
  const [only] = parts
  return parts.length === 1 && typeof only === 'string' ? only : undefined
}

/** Fills in a template. Throws {@link MissingValue} when a name has no value for this user. */
export type Fill = (user: VirtualUser) => string

/** The value is missing or cannot be written where it stands: this user's fault of data, not of the program. */
export class MissingValue extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'MissingValue'
  }
}

/** Fixed parts must be latin1 text already, see {@link utf8AsLatin1}. */
export function filler(pieces: readonly (string | Fill)[]): Fill {
  const merged: (string | Fill)[] = []
  for (const piece of pieces) {
    const last = merged.at(-1)
    if (typeof piece === 'string' && typeof last === 'string') merged[merged.length - 1] = last + piece
    else merged.push(piece)
  }
  const fixed: string[] = []
  const fills: Fill[] = []
  for (const piece of merged) {
    if (typeof piece === 'string') fixed[fills.length] = piece
    else fills.push(piece)
  }
  const first = fixed[0] ?? ''
  const after = fills.map((_, index) => fixed[index + 1] ?? '')
  if (fills.length === 0) return () => first
  return user => {
    let text = first
    for (let index = 0; index < fills.length; index++) text += fills[index]!(user) + after[index]!
    return text
  }
}

/** How the value of one placeholder is written at its place. */
export function valueAt(placeholder: Placeholder, place: Place): Fill {
  const read = reader(placeholder)
  const write = placeholder.reserved && place === 'path' ? reservedPath : WRITERS[place]
  if (place === 'json-value') return user => write(read(user))
  return user => {
    const value = read(user)
    if (typeof value === 'object') {
      throw new MissingValue(`{${placeholder.text}} is a whole object; name one of its properties`)
    }
    return write(value)
  }
}

function placeholder(text: string): Placeholder {
  const reserved = text.startsWith('+')
  const [first = '', ...rest] = (reserved ? text.slice(1) : text).replaceAll(/\[(\d+)\]/g, '.$1').split('.')
  return { text, path: [first, ...rest], reserved }
}

function reader({ path: [name, ...rest], text }: Placeholder): (user: VirtualUser) => {} {
  return user => {
    let value = user.variables[name]
    for (let index = 0; index < rest.length && value !== undefined && value !== null; index++) {
      value = (value as Record<string, unknown>)[rest[index]!]
    }
    if (value === undefined || value === null) throw new MissingValue(`{${text}} has no value`)
    return value
  }
}

const WRITERS: Readonly<Record<Place, (value: unknown) => string>> = {
  path: value => encodeURIComponent(text(value)),
  form: value => encodeURIComponent(text(value)).replaceAll('%20', '+'),
  text: value => utf8AsLatin1(text(value)),
  header: value => {
    const written = text(value)
    // oxlint-disable-next-line no-control-regex -- header values may hold anything but NUL, CR and LF
    if (/[\0\r\n]/.test(written)) throw new MissingValue('a value for a header holds a line break')
    return utf8AsLatin1(written)
  },
  'json-text': value => utf8AsLatin1(JSON.stringify(text(value)).slice(1, -1)),
  'json-value': value => utf8AsLatin1(JSON.stringify(value)),
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : String(value)
}

/** A piece of URL keeps its delimiters and its escapes; an address of the service loses its origin. */
function reservedPath(value: unknown): string {
  const path = text(value).replace(/^https?:\/\/[^/?#]*/i, '')
  return encodeURI(path)
    .replaceAll(/%25(?=[0-9a-f]{2})/gi, '%')
    .replace(/#.*$/, '')
}

// oxlint-disable-next-line no-control-regex -- exactly the ASCII range
const ASCII = /^[\0-\x7f]*$/

/** Each character of the result is one byte of the UTF-8 form. */
export function utf8AsLatin1(written: string): string {
  return ASCII.test(written) ? written : Buffer.from(written, 'utf8').toString('latin1')
}
