/** PostgreSQL's own parser over one statement's text, so that what a statement asks for is read rather than guessed by pattern. */
import type { Node } from 'libpg-query'
import { loadModule, parseSync } from 'libpg-query'

/** Call once before the first parse; the parser is WebAssembly and loads asynchronously. */
export async function loadStatementParser(): Promise<void> {
  await loadModule()
}

/** The first statement of the text, or undefined where PostgreSQL would refuse it. */
export function parseStatement(text: string): Node | undefined {
  for (const candidate of new Set([text, parsableText(text)])) {
    try {
      const statement = parseSync(candidate).stmts?.[0]?.stmt
      if (statement) return statement
    } catch {
      // The next candidate, or undefined: a statement nobody can parse is an answer, not a failure.
    }
  }
  return undefined
}

/** `interval $1` stands in normalised texts and in pg_stat_statements, but only `$1::interval` is SQL. */
export function parsableText(text: string): string {
  return text.replaceAll(/\b(interval|date|timestamp|timestamptz|time)\s+(\$\d+)/gi, '$2::$1')
}

/** Two statements in one text would both run where only the first is meant to be planned. */
export function isSingleStatement(text: string): boolean {
  try {
    return parseSync(text).stmts?.length === 1
  } catch {
    return false
  }
}
