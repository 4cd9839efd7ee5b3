/** The application's statement behind a text of pg_stat_activity, which is cut where it is long. */
import type { PgSessionStatement, Statement } from '@whetstone/model'
import { normaliseStatement, statementId } from '@whetstone/probe/statement-text'

/** track_activity_query_size is at least 100, with the byte that ends the text. */
const shortestCut = 99
const longestKept = 2_000

/** Pure. A cut text is joined where exactly one statement begins like it. */
export function sessionStatements(statements: readonly Statement[]): (text: string) => PgSessionStatement {
  const known = new Set(statements.map(({ id }) => id))
  return raw => {
    const text = normaliseStatement(raw)
    const id = statementId(text)
    const kept = text.slice(0, longestKept)
    if (known.has(id)) return { statementId: id, text: kept }
    const mayBeCut = Buffer.byteLength(raw) >= shortestCut
    const whole = mayBeCut ? statements.filter(one => beginsLike(one.text, text)) : []
    return whole.length === 1 ? { statementId: whole[0]!.id, text: kept } : { text: kept }
  }
}

/** The last word of a cut text may be half a word, or half a literal. */
function beginsLike(whole: string, cut: string): boolean {
  const sure = cut.replace(/\S+$/, '').trimEnd()
  return sure.length > shortestCut / 2 && whole.startsWith(sure)
}
