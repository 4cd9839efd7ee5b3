/** A request as text to be filled in: everything fixed is encoded and validated before the run, by the rules of `encodeRequest`. */
import { encodeRequest } from '../../wire/encode.ts'
import { WireError } from '../../wire/wire-error.ts'
import type { Request } from '../definition.ts'
import { scenarioError } from '../site.ts'
import type { Fill, Part, Place, Placeholder } from '../template.ts'
import { filler, MissingValue, parseTemplate, utf8AsLatin1, valueAt } from '../template.ts'
import type { VirtualUser } from '../user.ts'
import { jsonPieces } from './json-template.ts'

export interface RequestSettings {
  readonly hostHeader: string
  /** Of the scenario. */
  readonly headers: Readonly<Record<string, string>>
  readonly cookies: boolean
  /** The header that carries the user's token, and how; absent without one. */
  readonly auth: { readonly header: string; readonly as: string } | undefined
  readonly now: () => number
}

export interface WrittenRequest {
  /** Every name the request needs. */
  readonly names: readonly Placeholder[]
  /** The path with its query, as sent. */
  readonly path: Fill
  /** The whole request as latin1 text. Throws `MissingValue`. */
  write(user: VirtualUser): string
}

/** Throws `WHET_SCENARIO` when a fixed part cannot be sent. */
export function writeRequest(request: Request, settings: RequestSettings): WrittenRequest {
  const { site } = request
  const body = bodyParts(request)
  const path = pathParts(request)
  const headers = headerParts(request, settings, body?.type)
  const { auth } = settings
  const bodyIsFixed = body !== undefined && body.parts.every(part => typeof part === 'string')
  const fixedBody = bodyIsFixed ? body.parts.join('') : undefined
  const standIns = new StandIns([...path, ...headers.flatMap(([, parts]) => parts), auth?.as ?? '', fixedBody ?? ''])
  let text: string
  try {
    text = encodeRequest(
      {
        method: request.method,
        path: standIns.inAll(path, 'path'),
        headers: Object.fromEntries([
          ...headers.map(([name, parts]) => [name, standIns.inAll(parts, 'header')] as const),
          ...(auth === undefined ? [] : [[auth.header, auth.as.replace('{token}', standIns.in(tokenOf))] as const]),
        ]),
        // A fixed body is written once with its length; another is counted each time.
        ...(fixedBody === undefined ? {} : { body: fixedBody }),
      },
      settings.hostHeader,
    )
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    throw scenarioError(site, error.message, { cause: error })
  }
  const lineEnd = text.indexOf('\r\n') + 2
  const fillPath = filler(standIns.out(text.slice(`${request.method} `.length, lineEnd - ' HTTP/1.1\r\n'.length)))
  const afterLine = text.slice(lineEnd)
  // The empty line comes last in a head without a body; a body that is counted brings it along.
  const rest = filler(standIns.out(body === undefined || bodyIsFixed ? afterLine : afterLine.slice(0, -2)))
  const fillBody =
    body === undefined || bodyIsFixed
      ? undefined
      : filler(
          body.parts.map(part => (typeof part === 'string' ? utf8AsLatin1(part) : valueAt(part.value, part.place))),
        )
  const sendsCookies = settings.cookies && !headers.some(([name]) => name.toLowerCase() === 'cookie')

  return {
    names: [
      ...path,
      ...headers.flatMap(([, parts]) => parts),
      ...(body?.parts ?? []).map(part => (typeof part === 'string' ? part : part.value)),
    ].filter((part): part is Placeholder => typeof part !== 'string'),
    path: fillPath,
    write(user) {
      const path = fillPath(user)
      let written = `${request.method} ${path} HTTP/1.1\r\n`
      if (sendsCookies && user.cookies !== undefined) {
        const cookies = user.cookies.header(path, settings.now())
        if (cookies !== '') written += `Cookie: ${cookies}\r\n`
      }
      written += rest(user)
      if (fillBody === undefined) return written
      const content = fillBody(user)
      return `${written}Content-Length: ${content.length}\r\n\r\n${content}`
    },
  }
}

function pathParts({ path, options, site }: Request): readonly Part[] {
  if (!path.startsWith('/') && !path.startsWith('{+')) {
    throw scenarioError(site, `the path ${JSON.stringify(path)} does not begin with /`)
  }
  const parts = [...parseTemplate(path.replace(/#.*$/, ''))]
  let separator = path.includes('?') ? '&' : '?'
  for (const [name, value] of Object.entries(options.query ?? {})) {
    parts.push(`${separator}${encodeURIComponent(name)}=`)
    for (const part of parseTemplate(String(value))) {
      parts.push(typeof part === 'string' ? encodeURIComponent(part) : part)
    }
    separator = '&'
  }
  return parts
}

function headerParts(
  { options }: Request,
  { headers: ofScenario, auth }: RequestSettings,
  bodyType: string | undefined,
): (readonly [name: string, parts: readonly Part[]])[] {
  const byName = new Map<string, readonly [string, string]>()
  const all = { ...(bodyType === undefined ? {} : { 'content-type': bodyType }) }
  for (const [name, value] of [
    ...Object.entries(all),
    ...Object.entries(ofScenario),
    ...Object.entries(options.headers ?? {}),
  ]) {
    byName.set(name.toLowerCase(), [name, value])
  }
  if (auth !== undefined) byName.delete(auth.header.toLowerCase())
  return [...byName.values()].map(([name, value]) => [name, parseTemplate(value)] as const)
}

interface Body {
  readonly type: string | undefined
  readonly parts: readonly (string | { readonly value: Placeholder; readonly place: Place })[]
}

function bodyParts({ options, site }: Request): Body | undefined {
  const given = (['json', 'form', 'body'] as const).filter(kind => options[kind] !== undefined)
  if (given.length > 1) throw scenarioError(site, `a request has one body, not ${given.join(' and ')}`)
  if (options.json !== undefined) {
    const parts = jsonPieces(options.json).map(piece =>
      typeof piece === 'string' ? piece : { value: piece.placeholder, place: piece.place },
    )
    return { type: 'application/json', parts }
  }
  if (options.form !== undefined) {
    const parts = Object.entries(options.form).flatMap(([name, value], index) => [
      `${index === 0 ? '' : '&'}${formText(name)}=`,
      ...parseTemplate(String(value)).map(part =>
        typeof part === 'string' ? formText(part) : { value: part, place: 'form' as const },
      ),
    ])
    return { type: 'application/x-www-form-urlencoded', parts }
  }
  if (options.body === undefined) return undefined
  const parts = parseTemplate(options.body).map(part =>
    typeof part === 'string' ? part : { value: part, place: 'text' as const },
  )
  return { type: undefined, parts }
}

function tokenOf({ token }: VirtualUser): string {
  if (token === undefined) throw new MissingValue('this user has no token')
  return utf8AsLatin1(token)
}

function formText(text: string): string {
  return encodeURIComponent(text).replaceAll('%20', '+')
}

/** Lets `encodeRequest` see a template as fixed text: each value is stood in for by a number between marks that occur nowhere else. */
class StandIns {
  readonly #fills: Fill[] = []
  readonly #mark: string

  constructor(texts: readonly Part[]) {
    // It begins and ends differently, so that no neighbour can complete a half of it.
    const marked = (number: number): string => `<${number}|`
    let number = 0
    while (texts.some(text => typeof text === 'string' && text.includes(marked(number)))) number++
    this.#mark = marked(number)
  }

  in(fill: Fill): string {
    return `${this.#mark}${this.#fills.push(fill) - 1}${this.#mark}`
  }

  inAll(parts: readonly Part[], place: Place): string {
    return parts.map(part => (typeof part === 'string' ? part : this.in(valueAt(part, place)))).join('')
  }

  out(text: string): (string | Fill)[] {
    return text.split(this.#mark).map((piece, index) => (index % 2 === 0 ? piece : this.#fills[Number(piece)]!))
  }
}
