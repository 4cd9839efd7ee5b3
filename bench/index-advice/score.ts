/** Compares what was advised with what is right, both as PostgreSQL itself writes them. */
import type { Client } from 'pg'

export interface CaseScore {
  readonly right: number
  /** Advised and not wanted. */
  readonly wrong: readonly string[]
  /** Wanted and not advised. */
  readonly missed: readonly string[]
}

/** Every advised index may stand for one wanted one; an alternative counts as much as the first. */
export async function scoreOf(
  client: Client,
  advised: readonly string[],
  wants: readonly (readonly string[])[],
): Promise<CaseScore> {
  let left: string[] = []
  for (const sql of advised) left.push(...(await writtenBy(client, sql)))
  const missed: string[] = []
  let right = 0
  for (const alternatives of wants) {
    const known: string[] = []
    for (const definition of alternatives) known.push(...(await writtenBy(client, `CREATE INDEX ON ${definition}`)))
    const found = left.find(one => known.includes(one))
    if (found === undefined) missed.push(alternatives[0]!)
    else {
      right++
      left = left.filter(one => one !== found)
    }
  }
  return { right, wrong: left, missed }
}

/** Definitions of the indexes that the SQL makes, without their names; made in a transaction that is undone. */
async function writtenBy(client: Client, sql: string): Promise<string[]> {
  await client.query('BEGIN')
  try {
    const before = await definitions(client)
    await client.query(sql.replaceAll(' CONCURRENTLY', ''))
    const after = await definitions(client)
    return [...after].filter(([oid]) => !before.has(oid)).map(([, definition]) => definition)
  } finally {
    await client.query('ROLLBACK')
  }
}

async function definitions(client: Client): Promise<Map<number, string>> {
  const { rows } = await client.query<{ oid: number; definition: string }>(
    `select indexrelid as oid, regexp_replace(pg_get_indexdef(indexrelid), '^CREATE INDEX .* ON (ONLY )?', '') as definition
     from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' order by 1`,
  )
  return new Map(rows.map(row => [row.oid, row.definition]))
}
