/** Finds one value in the bytes of a JSON document without building the document: an answer of 10 kB costs as much as its part before the value. */

/** What a scan cannot decide is read by JSON.parse instead. */
export const UNSURE = Symbol('unsure')

const QUOTE = 34
const BACKSLASH = 92
const COMMA = 44
const COLON = 58
const OPEN_BRACE = 123
const CLOSE_BRACE = 125
const OPEN_BRACKET = 91
const CLOSE_BRACKET = 93

/** A name as the bytes that stand between its quotes, or an index from 0. */
export type ScanStep = Buffer | number

/** Undefined when the path has a step that only the whole document can answer. */
export function scanSteps(path: readonly (string | number | symbol)[]): readonly ScanStep[] | undefined {
  const steps: ScanStep[] = []
  for (const step of path) {
    if (typeof step === 'symbol' || (typeof step === 'number' && step < 0)) return undefined
    steps.push(typeof step === 'number' ? step : Buffer.from(JSON.stringify(step).slice(1, -1), 'utf8'))
  }
  return steps
}

/**
 * The value, undefined when the document has none there, or {@link UNSURE}. For a valid document the same as parsing it, save
 * that of two equal names the first counts (RFC 8259 leaves that open); one that is not valid may still give a value.
 */
export function scanJson(bytes: Buffer, steps: readonly ScanStep[]): unknown {
  let at = skipSpace(bytes, 0)
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index]!
    at = typeof step === 'number' ? element(bytes, at, step) : property(bytes, at, step)
    if (at < 0) return at === ABSENT ? undefined : UNSURE
  }
  return valueOf(bytes, at)
}

const ABSENT = -1
const LOST = -2

function property(bytes: Buffer, start: number, name: Buffer): number {
  if (bytes[start] !== OPEN_BRACE) return start < bytes.length ? ABSENT : LOST
  let at = skipSpace(bytes, start + 1)
  if (bytes[at] === CLOSE_BRACE) return ABSENT
  for (;;) {
    if (bytes[at] !== QUOTE) return LOST
    const from = at + 1
    at = endOfText(bytes, from)
    if (at < 0) return LOST
    // The same name may be written in many ways once one of its characters is escaped.
    const found = same(bytes, from, at - 1, name)
    if (!found && escaped(bytes, from, at - 1)) return LOST
    at = skipSpace(bytes, at)
    if (bytes[at] !== COLON) return LOST
    at = skipSpace(bytes, at + 1)
    if (found) return at
    at = next(bytes, at, CLOSE_BRACE)
    if (at < 0) return at
  }
}

function element(bytes: Buffer, start: number, wanted: number): number {
  if (bytes[start] !== OPEN_BRACKET) return start < bytes.length ? ABSENT : LOST
  let at = skipSpace(bytes, start + 1)
  if (bytes[at] === CLOSE_BRACKET) return ABSENT
  for (let index = 0; index < wanted; index++) {
    at = next(bytes, at, CLOSE_BRACKET)
    if (at < 0) return at
  }
  return at
}

/** From the start of a value to the start of what follows its comma; {@link ABSENT} when `close` follows instead. */
function next(bytes: Buffer, start: number, close: number): number {
  const end = skipValue(bytes, start)
  if (end < 0) return LOST
  const at = skipSpace(bytes, end)
  if (bytes[at] === COMMA) return skipSpace(bytes, at + 1)
  return bytes[at] === close ? ABSENT : LOST
}

function skipValue(bytes: Buffer, start: number): number {
  const first = bytes[start]
  if (first === QUOTE) return endOfText(bytes, start + 1)
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return endOfWord(bytes, start)
  let depth = 0
  let at = start
  while (at < bytes.length) {
    const byte = bytes[at]!
    if (byte === QUOTE) {
      at = endOfText(bytes, at + 1)
      if (at < 0) return LOST
      continue
    }
    // Braces and brackets differ from each other by 0x20 alone; a valid document closes what it opened.
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return at + 1
    at++
  }
  return LOST
}

/** Behind the closing quote; `from` is behind the opening one. */
function endOfText(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) return at + 1
    if (byte === BACKSLASH) at++
  }
  return LOST
}

/** A number, true, false or null. */
function endOfWord(bytes: Buffer, start: number): number {
  let at = start
  while (at < bytes.length) {
    const byte = bytes[at]!
    if (byte <= 32 || byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET) break
    at++
  }
  return at === start ? LOST : at
}

function skipSpace(bytes: Buffer, start: number): number {
  let at = start
  while (at < bytes.length && bytes[at]! <= 32) at++
  return at
}

function same(bytes: Buffer, from: number, to: number, name: Buffer): boolean {
  if (to - from !== name.length) return false
  for (let index = 0; index < name.length; index++) if (bytes[from + index] !== name[index]) return false
  return true
}

function escaped(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] === BACKSLASH) return true
  return false
}

function valueOf(bytes: Buffer, start: number): unknown {
  const end = skipValue(bytes, start)
  if (end < 0) return UNSURE
  try {
    if (bytes[start] === QUOTE && !escaped(bytes, start, end)) return bytes.toString('utf8', start + 1, end - 1)
    return JSON.parse(bytes.toString('utf8', start, end)) as unknown
  } catch {
    return UNSURE
  }
}
