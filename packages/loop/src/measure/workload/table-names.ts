/** Guesses which table a path segment is about: `order-items` may be `order_items`, `order_item`, `OrderItem` … */

/** Names to try, likeliest first, lower case; the database is asked case-insensitively. */
export function tableNamesOf(resource: string, parameter: string): string[] {
  const stem = parameter.replace(/_?(id|key|uuid|slug|code|name)$/i, '')
  const words = [resource, stem].filter(word => word !== '').map(snakeCase)
  const names = words.flatMap(word => [word, pluralOf(word), singularOf(word)])
  // ORMs write `orderitems` for OrderItem when the name is not split.
  return [...new Set([...names, ...names.map(name => name.replaceAll('_', ''))])]
}

/** Good enough for names of tables: the database decides whether it exists. */
export function singularOf(word: string): string {
  if (/[^aeiou]ies$/i.test(word)) return `${word.slice(0, -3)}y`
  if (/(s|x|z|ch|sh)es$/i.test(word)) return word.slice(0, -2)
  return /[^s]s$/i.test(word) ? word.slice(0, -1) : word
}

export function pluralOf(word: string): string {
  if (/[^aeiou]y$/i.test(word)) return `${word.slice(0, -1)}ies`
  if (/(s|x|z|ch|sh)$/i.test(word)) return /[^s]s$/i.test(word) ? word : `${word}es`
  return `${word}s`
}

function snakeCase(word: string): string {
  return word
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase()
}
