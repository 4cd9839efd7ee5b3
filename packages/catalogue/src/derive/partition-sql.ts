/** How a table becomes a partitioned one without copying a row: the old table turns into its first partition. */
import type { PgTable } from '@whetstone/model'
import { quoted } from './index-sql.ts'
import { qualifiedSql } from './table-sql.ts'

/** The bound is the first of the month after next, so that no row beyond it is written before the check is proved. */
export function partitionSql(table: PgTable, column: string): string {
  const { schema, name } = table
  const whole = qualifiedSql(table)
  const past = { schema, name: `${name}_past` }
  const next = { schema, name: `${name}_next` }
  const key = quoted(column)
  const month = (ahead: number) => `date_trunc('month', now()) + interval '${ahead} months'`
  return `-- 1. Proves where the rows end; reads the table once, blocks nobody.
DO $$ BEGIN
  EXECUTE format('ALTER TABLE ${whole.replaceAll("'", "''")} ADD CONSTRAINT ${quoted(`${name}_past_only`)} CHECK (${key} IS NOT NULL AND ${key} < %L) NOT VALID', ${month(2)});
END $$;
ALTER TABLE ${whole} VALIDATE CONSTRAINT ${quoted(`${name}_past_only`)};
-- 2. Changes names in one short transaction.
BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE ${whole} RENAME TO ${quoted(past.name)};
CREATE TABLE ${whole} (LIKE ${qualifiedSql(past)} INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE) PARTITION BY RANGE (${key});
ALTER TABLE ${whole} ATTACH PARTITION ${qualifiedSql(past)} FOR VALUES FROM (MINVALUE) TO (${month(2)});
CREATE TABLE ${qualifiedSql(next)} PARTITION OF ${whole} FOR VALUES FROM (${month(2)}) TO (${month(3)});
COMMIT;`
}
