/** Answers as servers may write them: each with what a reader must make of it, known from how it was made. */
import fc from 'fast-check'

export interface ResponseCase {
  readonly method: string
  /** Latin1. */
  readonly text: string
  /** The answer is complete only when the server closes. */
  readonly closes: boolean
  readonly expected: {
    readonly status: number
    readonly body: string
    readonly keepAlive: boolean
    /** Field lines of the final head, each ended by a line feed. */
    readonly head: string
  }
}

const NEWLINES = ['\r\n', '\n'] as const

/** Any bytes, with those that frame a message much more often than chance. */
export const bodyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 40 }).map(latin1),
  fc.array(fc.constantFrom('\r', '\n', '\r\n', '0', 'HTTP/1.1 200 OK', ':', '\0', 'ÿ'), { maxLength: 8 }).map(join),
  fc.integer({ min: 100, max: 3_000 }).map(length => 'b'.repeat(length)),
)

const spaces = fc.constantFrom('', ' ', '\t', '  ')
const name = fc
  .tuple(fc.constantFrom('X-', 'Content-Len', 'Connection-', 'Transfer-', 'a'), fc.stringMatching(/^[0-9x]{1,8}$/))
  .map(join)
const value = fc.stringMatching(/^[ -~]{0,30}$/)
const otherField = fc
  .tuple(name, spaces, value)
  .map(([field, gap, text]) => ({ line: `${field}:${gap}${text}`, closes: undefined as boolean | undefined }))

const connectionField = fc
  .constantFrom('close', 'Close', 'keep-alive', 'x, close', 'keep-alive, x', 'upgrade')
  .chain(text =>
    anyCase('Connection').map(field => ({
      line: `${field}: ${text}`,
      closes: /close/i.test(text) ? true : text.includes('keep-alive') ? false : undefined,
    })),
  )

const fields = fc.tuple(fc.array(otherField, { maxLength: 4 }), fc.option(connectionField, { nil: undefined }))

type Framing = 'length' | 'chunked' | 'close' | 'coded'

export const responseCase: fc.Arbitrary<ResponseCase> = fc
  .record({
    method: fc.constantFrom('GET', 'GET', 'POST', 'HEAD'),
    status: fc.oneof(fc.constantFrom(200, 204, 304, 404, 500), fc.integer({ min: 200, max: 599 })),
    minor: fc.constantFrom(1, 1, 1, 0),
    reason: fc.constantFrom('', ' OK', ' ', ' Not Found: \ttry again'),
    newline: fc.constantFrom(...NEWLINES),
    fields,
    framing: fc.constantFrom<Framing>('length', 'length', 'chunked', 'chunked', 'close', 'coded'),
    body: bodyText,
    cuts: fc.array(fc.nat({ max: 50 }), { maxLength: 5 }),
    interim: fc.nat({ max: 2 }),
    lengthName: anyCase('Content-Length'),
    repeated: fc.boolean(),
    extension: fc.constantFrom('', ';a=b', ' ;x="y"'),
    trailers: fc.array(otherField, { maxLength: 2 }),
  })
  .map(made => {
    const { method, status, minor, newline, framing, body } = made
    const bodiless = method === 'HEAD' || status === 204 || status === 304
    const [others, connection] = made.fields
    const lines = others.map(({ line }) => line)
    if (connection) lines.push(connection.line)
    if (framing === 'length')
      lines.splice(1, 0, `${made.lengthName}: ${body.length}${made.repeated ? `, ${body.length}` : ''}`)
    if (framing === 'chunked') lines.push('transfer-encoding: gzip , chunked')
    if (framing === 'coded') lines.push('Transfer-Encoding: gzip')
    const closes = !bodiless && (framing === 'close' || framing === 'coded')
    const end = framing === 'chunked' ? chunks(body, made.cuts, newline, made.extension, made.trailers) : body
    const head = lines.map(line => `${line}\n`).join('')
    const interim = `HTTP/1.1 103 Early Hints${newline}Link: <a>${newline}${newline}`.repeat(made.interim)
    const start = `HTTP/1.${minor} ${status}${made.reason}${newline}`
    return {
      method,
      text: interim + start + head.replaceAll('\n', newline) + newline + (bodiless ? '' : end),
      closes,
      expected: {
        status,
        body: bodiless ? '' : body,
        keepAlive: !closes && !(connection?.closes ?? minor === 0),
        head,
      },
    }
  })

/** The bytes cut into pieces, as reads may bring them. */
export function pieces(text: string, cuts: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text, 'latin1')
  const at = [...new Set(cuts.map(cut => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length))
}

function chunks(
  body: string,
  cuts: readonly number[],
  newline: string,
  extension: string,
  trailers: readonly { readonly line: string }[],
): string {
  let text = ''
  for (const piece of pieces(body, cuts)) {
    if (piece.length === 0) continue
    text += `${piece.length.toString(16)}${extension}${newline}${piece.toString('latin1')}${newline}`
  }
  return `${text}000${newline}${trailers.map(({ line }) => line + newline).join('')}${newline}`
}

function anyCase(text: string): fc.Arbitrary<string> {
  return fc.constantFrom(text, text.toLowerCase(), text.toUpperCase())
}

function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

function join(parts: readonly string[]): string {
  return parts.join('')
}
