/** The text form of COPY: tabs between fields, `\N` for NULL, backslashes before what would be read as either. */

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }
const unescapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v' }

export function copyLine(fields: readonly (string | null)[]): string {
  return `${fields.map(copyField).join('\t')}\n`
}

function copyField(text: string | null): string {
  return text === null ? '\\N' : text.replace(/[\\\n\r\t]/g, special => escapes[special]!)
}

/** One line as the server wrote it, without its end. */
export function copyFields(line: string): (string | null)[] {
  return line.split('\t').map(field => (field === '\\N' ? null : unescaped(field)))
}

function unescaped(field: string): string {
  return field.includes('\\') ? field.replace(/\\(.)/gs, (_, escaped: string) => unescapes[escaped] ?? escaped) : field
}
