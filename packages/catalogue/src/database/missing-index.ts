/** Tables read in full to find a few rows. */
import { definePractice } from '@whetstone/model'
import { indexOutcome } from '../derive/index-finding.ts'
import { indexThresholds } from '../derive/index-thresholds.ts'

export const missingIndex = definePractice({
  id: 'missing-index',
  chapter: 'database',
  title: 'Add the right indexes',
  why: 'Without an index on the column it searches by, PostgreSQL reads every row of the table for each call: the time grows with the table, not with the answer.',
  unless: [
    'The table is small, or the condition keeps a large part of it: reading it in full is then the faster plan.',
    'The table is written far more often than it is read: every index is paid for at each write.',
    'The statement is a rare report whose time nobody waits for.',
  ],
  sources: [
    'https://www.postgresql.org/docs/current/indexes.html',
    'https://github.com/ankane/dexter',
    'https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY',
  ],
  needs: ['pg', 'statements'],
  thresholds: indexThresholds,
  remedy: {
    summary: 'Create the index without blocking writes; it was planned against your statements first.',
    example: {
      language: 'sql',
      before: 'SELECT * FROM items WHERE order_id = 7;  -- Seq Scan on items, 900,000 rows',
      after: 'CREATE INDEX CONCURRENTLY items_order_id_idx ON items (order_id);',
    },
  },
  detect: ({ pg, statements }, limits) => indexOutcome('missing-index', pg, statements, limits),
})
