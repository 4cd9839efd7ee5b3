/** curl commands, as browsers copy them and documents print them, read into the requests they would send. */
import type { RecordedRequest, Recording, SourceText } from './imported.ts'
import { escapedForUrl, excerptOf, Problems } from './imported.ts'
import { isOwnPath } from './route-pattern.ts'
import { shellCommands } from './shell-words.ts'

const MAX_COMMANDS = 10_000

/** Commands that are not curl are skipped: scripts hold others. */
export function readCurl({ file, text }: SourceText): Recording {
  const problems = new Problems(file)
  const requests: RecordedRequest[] = []
  const commands = shellCommands(text).filter(({ words }) => /(^|\/)curl(\.exe)?$/.test(words[0]!))
  for (const { words, line } of commands.slice(0, MAX_COMMANDS)) {
    for (const part of splitAtNext(words.slice(1))) {
      const read = readCommand(part)
      if (typeof read === 'string') problems.add({ line, why: read, text: excerptOf(`curl ${part.join(' ')}`) })
      else requests.push(...read)
    }
  }
  if (commands.length === 0) problems.add({ why: 'no curl command' })
  if (commands.length > MAX_COMMANDS)
    problems.add({ why: `${commands.length - MAX_COMMANDS} commands after the first ${MAX_COMMANDS} are not read` })
  return { file, requests, problems: problems.list('commands'), unreadable: problems.count, leftOut: [] }
}

/** `--next` begins another request with options of its own. */
function splitAtNext(words: readonly string[]): string[][] {
  const parts: string[][] = [[]]
  for (const word of words) {
    if (word === '--next' || word === '-:') parts.push([])
    else parts.at(-1)!.push(word)
  }
  return parts
}

interface Command {
  readonly urls: string[]
  readonly headers: [name: string, value: string][]
  readonly data: string[]
  method?: string
  asQuery: boolean
  head: boolean
  json: boolean
  noGlob: boolean
}

/** Each takes a value; what it does, or undefined for what does not change the request. */
const WITH_VALUE: Readonly<Record<string, ((command: Command, value: string) => string | void) | undefined>> = {
  '--request': (command, value) => void (command.method = value.toUpperCase()),
  '--url': (command, value) => void command.urls.push(value),
  '--header': addHeader,
  '--data': (command, value) => addData(command, value.replace(/[\r\n]/g, ''), value),
  '--data-raw': (command, value) => void command.data.push(value),
  '--data-binary': (command, value) => addData(command, value, value),
  '--data-urlencode': addEncoded,
  '--json': (command, value) => {
    command.json = true
    return addData(command, value, value)
  },
  '--user': (command, value) => void command.headers.push(['authorization', `Basic ${btoaUtf8(value)}`]),
  '--oauth2-bearer': (command, value) => void command.headers.push(['authorization', `Bearer ${value}`]),
  '--user-agent': (command, value) => void command.headers.push(['user-agent', value]),
  '--referer': (command, value) => void command.headers.push(['referer', value]),
  '--cookie': (command, value) =>
    value.includes('=') ? void command.headers.push(['cookie', value]) : `cookies are read from the file ${value}`,
  '--form': () => 'a multipart form (-F) is not read',
  '--form-string': () => 'a multipart form (--form-string) is not read',
  '--upload-file': (_, value) => `the body is read from the file ${value}`,
  '--config': (_, value) => `options are read from the file ${value}`,
}
for (const name of [
  'output max-time connect-timeout proxy proxy-user cacert capath cert cert-type key key-type write-out cookie-jar retry',
  'retry-delay retry-max-time resolve connect-to interface max-redirs limit-rate ciphers tls-max dump-header range stderr',
  'trace trace-ascii speed-limit speed-time keepalive-time noproxy pass request-target dns-servers unix-socket create-file-mode',
].flatMap(names => names.split(' ')))
  (WITH_VALUE as Record<string, undefined>)[`--${name}`] = undefined

const WITHOUT_VALUE: Readonly<Record<string, ((command: Command) => void) | undefined>> = {
  '--get': command => void (command.asQuery = true),
  '--head': command => void (command.head = true),
  '--compressed': command => void command.headers.push(['accept-encoding', 'deflate, gzip, br']),
  '--globoff': command => void (command.noGlob = true),
}
for (const name of [
  'insecure location location-trusted silent show-error verbose include fail fail-early fail-with-body no-buffer progress-bar',
  'http1.0 http1.1 http2 http2-prior-knowledge http3 ipv4 ipv6 tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 ssl ssl-reqd remote-name',
  'remote-time remote-header-name create-dirs path-as-is no-keepalive no-progress-meter basic anyauth raw tcp-nodelay parallel',
  'retry-connrefused retry-all-errors disable junk-session-cookies post301 post302 post303 no-sessionid compressed-ssh',
].flatMap(names => names.split(' ')))
  (WITHOUT_VALUE as Record<string, undefined>)[`--${name}`] = undefined

const SHORT: Readonly<Record<string, string>> = {
  X: '--request',
  H: '--header',
  d: '--data',
  u: '--user',
  A: '--user-agent',
  e: '--referer',
  b: '--cookie',
  F: '--form',
  T: '--upload-file',
  K: '--config',
  o: '--output',
  m: '--max-time',
  x: '--proxy',
  U: '--proxy-user',
  E: '--cert',
  w: '--write-out',
  c: '--cookie-jar',
  D: '--dump-header',
  r: '--range',
  G: '--get',
  I: '--head',
  g: '--globoff',
  k: '--insecure',
  L: '--location',
  s: '--silent',
  S: '--show-error',
  v: '--verbose',
  i: '--include',
  f: '--fail',
  N: '--no-buffer',
  '#': '--progress-bar',
  '0': '--http1.0',
  '4': '--ipv4',
  '6': '--ipv6',
  '1': '--tlsv1',
  O: '--remote-name',
  R: '--remote-time',
  J: '--remote-header-name',
  Z: '--parallel',
  q: '--disable',
  j: '--junk-session-cookies',
}
/** Names of earlier versions that are still copied around. */
const ALIASES: Readonly<Record<string, string>> = { '--data-ascii': '--data', '--socks5': '--proxy' }

function readCommand(words: readonly string[]): RecordedRequest[] | string {
  const command: Command = { urls: [], headers: [], data: [], asQuery: false, head: false, json: false, noGlob: false }
  let optionsEnded = false
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    if (optionsEnded || word === '-' || !word.startsWith('-')) {
      // Where the output goes.
      if (/^[12]?>{1,2}/.test(word)) at += /^[12]?>{1,2}$/.test(word) ? 1 : 0
      else command.urls.push(word)
      continue
    }
    if (word === '--') optionsEnded = true
    else {
      const used = readOption(command, word, words[at + 1])
      if (typeof used === 'string') return used
      at += used
    }
  }
  if (command.urls.length === 0) return 'no URL'
  const requests: RecordedRequest[] = []
  for (const url of command.urls) {
    const request = requestOf(command, url)
    if (typeof request === 'string') return request
    requests.push(request)
  }
  return requests
}

/** How many further words it took, or why it cannot be read. */
function readOption(command: Command, word: string, next: string | undefined): number | string {
  if (word.startsWith('--')) {
    // curl itself knows no --name=value, but people write it.
    const [, written = word, attached] = /^(--[\w.-]+)=([\s\S]*)$/.exec(word) ?? []
    const name = ALIASES[written] ?? written
    if (Object.hasOwn(WITH_VALUE, name)) {
      const value = attached ?? next
      if (value === undefined) return `${name} has no value`
      return WITH_VALUE[name]?.(command, value) ?? (attached === undefined ? 1 : 0)
    }
    if (Object.hasOwn(WITHOUT_VALUE, name)) {
      WITHOUT_VALUE[name]?.(command)
      return 0
    }
    return `unknown option ${excerptOf(name)}`
  }
  // Several in one word, `-sSLX`: the first with a value takes the rest of the word, or the next one.
  for (let at = 1; at < word.length; at++) {
    const name = Object.hasOwn(SHORT, word[at]!) ? SHORT[word[at]!]! : undefined
    if (name === undefined) return `unknown option -${word[at]}`
    if (Object.hasOwn(WITH_VALUE, name)) {
      const rest = word.slice(at + 1)
      const value = rest === '' ? next : rest
      if (value === undefined) return `-${word[at]} has no value`
      return WITH_VALUE[name]?.(command, value) ?? (rest === '' ? 1 : 0)
    }
    WITHOUT_VALUE[name]?.(command)
  }
  return 0
}

/** `name: value`, `name;` for an empty one; `name:` takes a header away. */
function addHeader(command: Command, value: string): string | void {
  if (value.startsWith('@')) return `headers are read from the file ${value.slice(1)}`
  const match = /^([\w!#$%&'*+.^`|~-]+)\s*(?::\s*([^\r\n]*)|;)\s*$/.exec(value)
  if (match === null) return `not a header: ${JSON.stringify(excerptOf(value.split(':')[0]!))}`
  const name = match[1]!.toLowerCase()
  if (name !== '__proto__' && !(match[2] === '' && value.trim().endsWith(':')))
    command.headers.push([name, match[2] ?? ''])
}

function addData(command: Command, data: string, written: string): string | void {
  if (written.startsWith('@')) return `the body is read from the file ${written.slice(1)}`
  command.data.push(data)
}

/** `name=text`, `=text` or `text`: the text is escaped, the name is not. */
function addEncoded(command: Command, value: string): string | void {
  const equals = value.indexOf('=')
  if (equals === -1 && value.includes('@'))
    return `the body is read from the file ${value.slice(value.indexOf('@') + 1)}`
  const [name, text] = equals === -1 ? ['', value] : [value.slice(0, equals), value.slice(equals + 1)]
  command.data.push(`${name === '' ? '' : `${name}=`}${escapedForUrl(text)}`)
}

function requestOf(command: Command, written: string): RecordedRequest | string {
  const url = urlOf(written, command.noGlob)
  if ('why' in url) return url.why
  const data = command.data.length === 0 ? undefined : command.data.join(command.json ? '' : '&')
  const body = command.asQuery || command.head ? undefined : data
  const query = command.asQuery && data !== undefined ? `${url.path.includes('?') ? '&' : '?'}${data}` : ''
  const given = Object.fromEntries(command.headers)
  const type = command.json ? 'application/json' : 'application/x-www-form-urlencoded'
  const path = url.path + query.replace(/[\s#]/g, encodeURIComponent)
  const method = command.method ?? (command.head ? 'HEAD' : body === undefined ? 'GET' : 'POST')
  if (!/^[A-Z]+$/.test(method)) return `not a method: ${excerptOf(method)}`
  return {
    method,
    path,
    headers: {
      ...(body === undefined ? {} : { 'content-type': type }),
      ...(command.json ? { accept: 'application/json' } : {}),
      ...given,
    },
    ...(url.origin === undefined ? {} : { origin: url.origin }),
    ...(body === undefined ? {} : { body }),
  }
}

/** `$BASE/orders` stands for a path of the service, wherever that is. */
function urlOf(
  written: string,
  noGlob: boolean,
): { readonly path: string; readonly origin?: string } | { readonly why: string } {
  const afterVariable = /^(?:https?:\/\/)?\$(?:\w+|\{\w+\})(?::\d+)?(\/[\s\S]*)?$/.exec(written)
  const absolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(written) ? written : `http://${written}`
  const text = afterVariable ? `http://localhost${afterVariable[1] ?? '/'}` : absolute
  if (!URL.canParse(text)) return { why: `not a URL: ${excerptOf(written)}` }
  const { origin, pathname, search, protocol } = new URL(text)
  if (protocol !== 'http:' && protocol !== 'https:') return { why: `not http: ${excerptOf(written)}` }
  if (/\$\w|\$\{/.test(afterVariable?.[1] ?? (afterVariable ? '' : written)))
    return { why: `a variable within the URL: ${excerptOf(written)}` }
  if (!noGlob && /[[{]/.test(text.replace(/^https?:\/\/\[[\da-f:.]+\]/i, '')))
    return { why: `a pattern of several URLs: ${excerptOf(written)}` }
  if (!isOwnPath(pathname)) return { why: `not a path of the service: ${excerptOf(pathname)}` }
  return { path: pathname + search, ...(afterVariable ? {} : { origin }) }
}

function btoaUtf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}
