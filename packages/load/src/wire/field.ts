/** The few header fields that decide where a response ends, read strictly: a lenient reading here would desynchronise a connection. */

/** Whether the field name in `line[0, colon)` is `name` (lower case), ignoring case, without allocating. */
export function fieldIs(line: string, colon: number, name: string): boolean {
  if (colon !== name.length) return false
  for (let index = 0; index < colon; index++) {
    // Setting bit 5 lowers an ASCII letter; '-' already has it.
    if ((line.charCodeAt(index) | 32) !== name.charCodeAt(index)) return false
  }
  return true
}

/** A non-negative integer, or the same one repeated in a list ("5, 5", RFC 9110 8.6); undefined for anything else. */
export function parseContentLength(value: string): number | undefined {
  let length: number | undefined
  for (const part of value.split(',')) {
    const digits = part.trim()
    if (!/^\d{1,16}$/.test(digits)) return undefined
    const next = Number(digits)
    if (!Number.isSafeInteger(next) || (length !== undefined && length !== next)) return undefined
    length = next
  }
  return length
}

/** The chunk size before any extension (`1a;name=value`); undefined when it is not plain hexadecimal below 2^52. */
export function readHexadecimal(line: string): number | undefined {
  const semicolon = line.indexOf(';')
  const digits = (semicolon === -1 ? line : line.slice(0, semicolon)).trimEnd()
  return /^[0-9a-fA-F]{1,13}$/.test(digits) ? parseInt(digits, 16) : undefined
}

/** Whether a comma-separated list of tokens holds `token`, ignoring case. */
export function listHasToken(value: string, token: string): boolean {
  return value.split(',').some(part => part.trim().toLowerCase() === token)
}
