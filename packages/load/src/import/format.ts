/** Tells in which of the formats a file is, from how it begins. */

export const importFormats = ['curl', 'har', 'openapi', 'postman', 'access-log', 'otlp'] as const
export type ImportFormat = (typeof importFormats)[number]

/** As much as a reader would look at. */
const LOOKED_AT_BYTES = 65_536

/** `undefined` when it is none of them. */
export function formatOf(file: string, bytes: Uint8Array): ImportFormat | undefined {
  const beginning = bytes.subarray(0, LOOKED_AT_BYTES)
  // Field 1 of a protobuf message, or the high bytes of its length.
  if (beginning[0] === 0x0a || beginning.includes(0))
    return beginning.length > 0 && !isText(beginning) ? 'otlp' : textFormat(file, beginning)
  return textFormat(file, beginning)
}

function isText(bytes: Uint8Array): boolean {
  return bytes.every(byte => byte >= 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)
}

function textFormat(file: string, beginning: Uint8Array): ImportFormat | undefined {
  const text = new TextDecoder()
    .decode(beginning)
    .replace(/^\ufeff/, '')
    .trimStart()
  if (/\.har$/i.test(file)) return 'har'
  if (text.startsWith('{')) return jsonFormat(text)
  if (/^openapi\s*:/m.test(text)) return 'openapi'
  if (/^[^\n]*\[[^\]\n]*\] "(?:\\.|[^"\\\n])*" \d{3}\b/m.test(text.slice(0, 8_192))) return 'access-log'
  return /(^|[\s;&|/])curl(\.exe)?\s/.test(text) ? 'curl' : undefined
}

/** Names that stand near the beginning of each. */
function jsonFormat(text: string): ImportFormat | undefined {
  if (/"(resourceSpans|scopeSpans)"\s*:/.test(text)) return 'otlp'
  if (/"openapi"\s*:/.test(text)) return 'openapi'
  if (/^\{\s*"log"\s*:\s*\{/.test(text)) return 'har'
  if (/"item"\s*:\s*\[/.test(text) && /"info"\s*:|getpostman\.com|"collection"\s*:/.test(text)) return 'postman'
  const firstLine = text.split('\n', 1)[0]!
  return /\}\s*$/.test(firstLine) &&
    /"(?:request_?)?(?:uri|url|method|path|RequestPath)|"req(uest)?"\s*:|httpRequest/i.test(firstLine)
    ? 'access-log'
    : undefined
}
