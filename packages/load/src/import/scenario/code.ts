/** Source text laid out as prettier would: on one line where it fits, else one element a line. */

/** Text that is never broken, or a list between two brackets; `before` stays on the line of the opening one. */
export type Code = string | Bracketed

interface Bracketed {
  readonly before: string
  readonly open: '(' | '[' | '{'
  readonly items: readonly Item[]
  readonly after: string
  /** All arguments of the call, for the case that those before the last leave no room for its bracket. */
  readonly call?: { readonly name: string; readonly given: readonly Code[] }
  /** Broken even where it would fit. */
  readonly broken: boolean
}

interface Item {
  /** Lines of comment above it. */
  readonly comments: readonly string[]
  readonly key?: string
  readonly code: Code
}

const WIDTH = 120
/** Prettier breaks after names of at least its tab width and three more. */
const LONG_KEY = 5
const CLOSING = { '(': ')', '[': ']', '{': '}' } as const

export function object(
  entries: readonly (readonly [key: string, code: Code, comments?: readonly string[]])[],
  broken = false,
): Code {
  const items = entries.map(([key, code, comments = []]) => ({ key: keyText(key), code, comments }))
  return items.length === 0 ? '{}' : { before: '', open: '{', items, after: '', broken }
}

export function array(codes: readonly Code[]): Code {
  if (codes.length === 0) return '[]'
  // A table of rows is easier to read with each on a line of its own.
  const isTable = codes.length > 1 && codes.every(code => isRow(code) && code.open === (codes[0] as Bracketed).open)
  return {
    before: '',
    open: '[',
    items: codes.map(code => ({ code, comments: [] })),
    after: '',
    broken: isTable,
  }
}

function isRow(code: Code): code is Bracketed {
  return typeof code !== 'string' && code.before === '' && code.open !== '(' && code.items.length > 1
}

/** A call whose last argument takes the break, when it is a list; the others are short. */
export function call(name: string, ...given: readonly Code[]): Code {
  const last = given.at(-1)
  if (last === undefined) return `${name}()`
  const before = given.slice(0, -1).map(flat)
  const head = `${name}(${before.map(text => `${text}, `).join('')}`
  if (typeof last === 'string') return `${head}${last})`
  return { ...last, before: `${head}${last.before}`, after: `${last.after})`, call: { name, given } }
}

/** @param column where the text begins; later lines are indented by `indent` */
export function printed(code: Code, indent = 0, column = indent, trailing = 0): string {
  const line = flat(code)
  if (typeof code === 'string') return line
  const mustBreak = isBroken(code)
  if (!mustBreak && column + line.length + trailing <= WIDTH) return line
  const inner = ' '.repeat(indent + 2)
  if (code.call !== undefined && column + code.before.length + 1 > WIDTH) {
    const given = code.call.given.map(one => `${inner}${printed(one, indent + 2, indent + 2, 1)},\n`)
    return `${code.call.name}(\n${given.join('')}${' '.repeat(indent)})`
  }
  const lines = isNumbers(code)
    ? filled(
        code.items.map(({ code: item }) => flat(item)),
        indent + 2,
      )
    : code.items.map(item => itemText(item, indent + 2))
  return `${code.before}${code.open}\n${lines.map(text => `${inner}${text}`).join('\n')}\n${' '.repeat(indent)}${CLOSING[code.open]}${code.after}`
}

function itemText({ comments, key, code }: Item, indent: number): string {
  const above = comments.map(comment => `// ${comment}\n${' '.repeat(indent)}`).join('')
  if (key === undefined) return `${above}${printed(code, indent, indent, 1)},`
  const column = indent + key.length + 2
  // A text that does not fit goes below its name, unless too little would be won by it.
  if (typeof code === 'string' && /^['"]/.test(code) && key.length >= LONG_KEY && column + code.length + 1 > WIDTH)
    return `${above}${key}:\n${' '.repeat(indent + 2)}${code},`
  return `${above}${key}: ${printed(code, indent, column, 1)},`
}

function flat(code: Code): string {
  if (typeof code === 'string') return code
  const items = code.items.map(({ key, code: item }) => (key === undefined ? flat(item) : `${key}: ${flat(item)}`))
  const space = code.open === '{' ? ' ' : ''
  return `${code.before}${code.open}${space}${items.join(', ')}${space}${CLOSING[code.open]}${code.after}`
}

function isBroken(code: Code): boolean {
  return (
    typeof code !== 'string' &&
    (code.broken || code.items.some(item => item.comments.length > 0 || isBroken(item.code)))
  )
}

/** Numbers are filled into lines. */
function isNumbers({ open, items }: Bracketed): boolean {
  return open === '[' && items.length > 1 && items.every(({ code }) => typeof code === 'string' && /^-?\d/.test(code))
}

function filled(numbers: readonly string[], indent: number): string[] {
  const lines: string[] = []
  for (const number of numbers) {
    const last = lines.at(-1)
    if (last !== undefined && indent + last.length + number.length + 2 <= WIDTH)
      lines[lines.length - 1] = `${last} ${number},`
    else lines.push(`${number},`)
  }
  return lines
}

/** In the quotes that need fewer escapes, single ones if it makes no difference. */
export function quoted(text: string): string {
  const singles = text.split("'").length
  const doubles = text.split('"').length
  const quote = singles > doubles ? '"' : "'"
  const escaped = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
  return quote + escaped.replaceAll(quote, `\\${quote}`) + quote
}

function keyText(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : quoted(key)
}

/** JSON data as a literal. */
export function literalCode(value: unknown): Code {
  if (typeof value === 'string') return quoted(value)
  if (Array.isArray(value)) return array(value.map(literalCode))
  if (typeof value === 'object' && value !== null)
    return object(Object.entries(value).map(([key, item]) => [key, literalCode(item)] as const))
  return String(value)
}
