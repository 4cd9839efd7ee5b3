/** What a failing answer says of itself, in one line: it often names the exception, and nobody reads a page of HTML for it. */

const MOST_CHARACTERS = 200
/** More of a body is not looked at: what went wrong stands at its beginning. */
const CHARACTERS_READ = 20_000

/** `undefined` where it says nothing. At most 200 characters. */
export function failureMessage(body: string, contentType: string): string | undefined {
  const said = /json/i.test(contentType) ? messageIn(body) : undefined
  const text = said ?? plainText(body.slice(0, CHARACTERS_READ), contentType)
  const line = text.replaceAll(/\s+/g, ' ').trim()
  if (line === '') return undefined
  return line.length <= MOST_CHARACTERS ? line : `${line.slice(0, MOST_CHARACTERS - 1)}…`
}

function messageIn(body: string): string | undefined {
  try {
    return messageOf(JSON.parse(body), 0)
  } catch {
    return undefined
  }
}

/** Where frameworks put it, the most telling first: `{message}`, `{error: {message}}`, `{errors: [{message}]}`, `{detail}` of RFC 9457. */
function messageOf(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  if (typeof value !== 'object' || value === null || depth > 2) return undefined
  if (Array.isArray(value)) return messageOf(value[0], depth + 1)
  const fields = value as Readonly<Record<string, unknown>>
  for (const name of ['message', 'detail', 'error', 'errors', 'title']) {
    const found = messageOf(fields[name], depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

/** Express and its kin put the stack into a `<pre>`. */
function plainText(body: string, contentType: string): string {
  if (!/html/i.test(contentType)) return /^(?:text\/|$)|json|xml/i.test(contentType) ? body : ''
  const preformatted = /<pre>([\s\S]*?)(?:<br|<\/pre>|$)/i.exec(body)?.[1]
  return (preformatted ?? body.replaceAll(/<(style|script|title)[\s\S]*?<\/\1>/gi, ' '))
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&nbsp;', ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}
