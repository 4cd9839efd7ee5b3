/** Names in SQL text: always quoted, so that none can be anything but a name. */

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** `orders`, `sales.orders`, or the parts in a list where a name has a dot of its own. */
export type TableName = string | readonly string[]

export function tableSql(table: TableName): string {
  return (typeof table === 'string' ? table.split('.') : table).map(quoted).join('.')
}
