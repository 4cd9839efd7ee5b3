/** Rows as comma-separated values (RFC 4180), as PostgreSQL reads and writes them: NULL is nothing, empty text is `""`. */

/** What must stand in quotes: the separator, quotes, line ends; and `\.`, which PostgreSQL took for the end before version 17. */
const special = /[",\r\n]|^\\\.$/

export function csvField(text: string | null): string {
  if (text === null) return ''
  return text === '' || special.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export function csvLine(fields: readonly (string | null)[]): string {
  return `${fields.map(csvField).join(',')}\n`
}
