/** One index over several columns, where single ones leave rows to filter or to sort. */
import { definePractice } from '@whetstone/model'
import { indexOutcome } from '../derive/index-finding.ts'
import { indexThresholds } from '../derive/index-thresholds.ts'

export const compositeIndex = definePractice({
  id: 'composite-index',
  chapter: 'database',
  title: 'Index the columns of a query together',
  why: 'An index on one of the columns still fetches every row that matches it, to filter or sort the rest; one that holds the equal columns first and the range or sort key last reads only the rows of the answer, in order.',
  unless: [
    'The first column alone leaves only a handful of rows.',
    'The columns change on most updates, which then cost an index entry each.',
  ],
  sources: [
    'https://www.postgresql.org/docs/current/indexes-multicolumn.html',
    'https://use-the-index-luke.com/sql/where-clause/the-equals-operator/concatenated-keys',
    'https://github.com/ankane/dexter',
  ],
  needs: ['pg', 'statements'],
  thresholds: indexThresholds,
  remedy: {
    summary: 'Equal columns first, the most selective of them leading, then the range or the sort key.',
    example: {
      language: 'sql',
      before: 'SELECT * FROM orders WHERE customer_id = 7 ORDER BY created_at DESC LIMIT 20;  -- Sort above a Seq Scan',
      after: 'CREATE INDEX CONCURRENTLY orders_customer_id_created_at_idx ON orders (customer_id, created_at DESC);',
    },
  },
  detect: ({ pg, statements }, limits) => indexOutcome('composite-index', pg, statements, limits),
})
