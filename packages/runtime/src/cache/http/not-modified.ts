/** Whether the client holds the answer already, and what it then gets instead. */
import { namesTag } from './entity-tag.ts'
import { header, type Headers } from './headers.ts'

/**
 * In the order of RFC 9110 §13.2.2: `If-None-Match` decides alone where it is present, else `If-Modified-Since`. Only for GET and HEAD, and
 * only in place of an answer of 200 (§15.4.5).
 */
export function isNotModified(method: string, asked: Headers, status: number, answer: Headers): boolean {
  if (status !== 200 || (method !== 'GET' && method !== 'HEAD')) return false
  const ifNoneMatch = header(asked, 'if-none-match')
  const tag = header(answer, 'etag')
  if (ifNoneMatch !== undefined) return tag === undefined ? ifNoneMatch.trim() === '*' : namesTag(ifNoneMatch, tag)
  const since = instantOf(header(asked, 'if-modified-since'))
  const modified = instantOf(header(answer, 'last-modified'))
  return since !== undefined && modified !== undefined && modified <= since
}

/** Describe the body that is not sent; everything else, above all what RFC 9110 §15.4.5 demands, stays. */
const ofTheBody: ReadonlySet<string> = new Set([
  'content-length',
  'content-encoding',
  'content-type',
  'content-range',
  'content-language',
  'transfer-encoding',
  'trailer',
])

export function isOfTheBody(name: string): boolean {
  return ofTheBody.has(name)
}

/** RFC 9110 §5.6.7; only the form that is sent today. Anything else is no date, and then the condition does not hold (§13.1.3). */
export function instantOf(date: string | undefined): number | undefined {
  if (date === undefined || !/^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(date)) return undefined
  const instant = Date.parse(date)
  return Number.isNaN(instant) ? undefined : instant
}
