/** Headers of a request or an answer, as every framework can give them: lower-case names. */

export type HeaderValue = string | number | readonly string[] | undefined

export type Headers = Readonly<Record<string, HeaderValue>>

/** Several values as one, as RFC 9110 §5.3 joins them. */
export function textOf(value: HeaderValue): string | undefined {
  if (value === undefined) return undefined
  return typeof value === 'object' ? value.join(', ') : String(value)
}

export function header(headers: Headers, name: string): string | undefined {
  return textOf(headers[name])
}

/** Items of a comma-separated list, in lower case. */
export function listed(value: string | undefined): readonly string[] {
  return (value ?? '')
    .split(',')
    .map(item => item.trim().toLowerCase())
    .filter(item => item !== '')
}
