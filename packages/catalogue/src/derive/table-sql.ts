/** A table, or anything else that lives in a schema, as SQL writes it. */
import { quoted } from './index-sql.ts'

/** Without its schema where that is `public`. */
export function qualifiedSql({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return schema === 'public' ? quoted(name) : `${quoted(schema)}.${quoted(name)}`
}
