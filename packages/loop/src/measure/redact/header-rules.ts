/** Which headers of an answer may be told: names that everybody uses, and of their values only what caches and encodings go by. */
import { type Rule } from './rules.ts'

const commonNames = new Set(
  `accept accept-encoding accept-language accept-ranges age allow authorization cache-control connection content-disposition
content-encoding content-language content-length content-range content-security-policy content-type cookie date etag expires
keep-alive last-modified link location origin pragma referrer-policy retry-after server server-timing set-cookie
strict-transport-security trailer transfer-encoding upgrade user-agent vary via x-content-type-options x-frame-options
x-powered-by`.split(/\s+/),
)
const codings = new Set(['br', 'gzip', 'x-gzip', 'deflate', 'zstd', 'identity', 'chunked', 'keep-alive', 'close', '*'])
const cacheDirective =
  /^(?:no-cache|no-store|no-transform|private|public|immutable|(?:must|proxy)-revalidate|(?:max-age|s-maxage|stale-while-revalidate|stale-if-error)=\d{1,10})$/

/** The parts of a list that are known, by the header they stand in. */
const known: Readonly<Record<string, (part: string) => boolean>> = {
  'cache-control': part => cacheDirective.test(part),
  'accept-encoding': part => codings.has(part),
  'content-encoding': part => codings.has(part),
  'transfer-encoding': part => codings.has(part),
  connection: part => codings.has(part),
  vary: part => commonNames.has(part) || part === '*',
}

/** The value of one header; empty where nothing of it may be told. */
export function header(name: string): Rule {
  return value => {
    if (typeof value !== 'string') return undefined
    if (name === 'content-type') return /^[a-z]+\/[a-z][a-z.+-]*(?=;|$)/.exec(value)?.[0] ?? ''
    const isKnown = known[name] ?? (() => false)
    return value
      .toLowerCase()
      .split(',')
      .map(part => part.trim())
      .filter(isKnown)
      .join(', ')
  }
}

export const headers: Rule = (value, redaction) => {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, text]) =>
      commonNames.has(name) ? [[name, header(name)(text, redaction)]] : [],
    ),
  )
}
