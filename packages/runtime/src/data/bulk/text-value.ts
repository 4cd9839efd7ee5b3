/** JavaScript values as PostgreSQL reads them in its text form, the same for COPY and for arrays of parameters. */

/**
 * Dates keep their instant, `Uint8Array` becomes bytea, lists become arrays, other objects JSON. In a column of `type` json or
 * jsonb everything but null and undefined is JSON, so that a list is a list of JSON and a text a JSON text.
 * @returns null for null and undefined
 */
export function textOf(value: unknown, type?: string): string | null {
  if (value === null || value === undefined) return null
  if (type !== undefined && /^jsonb?$/i.test(type)) return JSON.stringify(value)
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'bigint':
      return String(value)
    case 'boolean':
      return value ? 't' : 'f'
    case 'object':
      return ofObject(value)
    default:
      throw new TypeError(`a ${typeof value} cannot be written to a column`)
  }
}

function ofObject(value: object): string {
  if (value instanceof Date) return ofDate(value)
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`
  return Array.isArray(value) ? arrayText(value) : JSON.stringify(value)
}

/** `{…}`: NULL bare, all else in quotes, lists within lists as they are. */
export function arrayText(values: readonly unknown[]): string {
  const parts = values.map(value => {
    if (Array.isArray(value)) return arrayText(value)
    const text = textOf(value)
    return text === null ? 'NULL' : `"${text.replace(/["\\]/g, '\\$&')}"`
  })
  return `{${parts.join(',')}}`
}

/** As ISO 8601, with PostgreSQL's way of writing years of more than four digits and those before Christ. */
function ofDate(date: Date): string {
  const text = date.toISOString()
  if (/^\d/.test(text)) return text
  const year = Number(text.slice(0, 7))
  const rest = text.slice(7)
  return year > 0 ? `${year}${rest}` : `${String(1 - year).padStart(4, '0')}${rest} BC`
}
