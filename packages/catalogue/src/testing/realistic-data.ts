/** Whether the tables that were measured are as large as those of production: the planner decides by size, and so does every scan. */
import { ask, definePractice, type Fact, notApplicable, pass, type PgTable, unknown } from '@whetstone/model'
import { countText, fact, percentText } from '../derive/figures.ts'

export const realisticData = definePractice({
  id: 'realistic-data',
  chapter: 'testing',
  title: 'Realistic data volume in tests',
  why: 'On a thousand rows PostgreSQL reads the whole table and is right; on a million the same statement needs an index that nobody missed in the test.',
  unless: ['The tables are as small in production.'],
  sources: [
    'https://www.postgresql.org/docs/current/using-explain.html',
    'https://www.postgresql.org/docs/18/functions-admin.html#FUNCTIONS-ADMIN-STATSMOD',
  ],
  needs: ['pg'],
  optional: ['answers'],
  thresholds: {
    rowsFraction: {
      value: 0.01,
      unit: 'fraction',
      source: 'a hundredth of production: below, a B-tree has a level less and a scan fits into a cache',
    },
  },
  remedy: {
    summary: 'Fill the tables to the size of production before anything is concluded from plans and times.',
    example: {
      language: 'sql',
      before: `INSERT INTO orders SELECT FROM generate_series(1, 1000);`,
      after: `INSERT INTO orders (customer_id, created)
SELECT 1 + n % 50000, now() - n * interval '1 minute' FROM generate_series(1, 1000000) n;
ANALYZE orders;`,
    },
  },
  detect({ pg, answers }, { rowsFraction }) {
    const tables = pg.tables.toSorted((a, b) => b.rows - a.rows)
    const [largest] = tables
    if (!largest) return notApplicable('there are no tables')
    const told = answers?.tables ?? []
    const known = tables.flatMap(table => {
      const rows = told.find(answer => answer.table === table.name || answer.table === qualified(table))?.productionRows
      return rows === undefined || rows === 0 ? [] : [{ table, rows, fraction: table.rows / rows }]
    })
    const facts: Fact[] = [fact(`rows in ${largest.name}`, largest.rows, 'rows', 'pg')]
    if (known.length === 0)
      return ask(
        `Its largest table, ${largest.name}, has ${countText(largest.rows)} rows here. How many in production? (whetstone.config.ts: answers.productionRows)`,
        facts,
      )
    const least = known.toSorted((a, b) => a.fraction - b.fraction)[0]!
    const compared = `${least.table.name} has ${countText(least.table.rows)} of ${countText(least.rows)} rows`
    if (least.fraction >= rowsFraction)
      return pass([...facts, fact('rows here ÷ production', least.fraction, 'fraction', 'pg')], compared)
    return unknown(
      ['pg'],
      `${compared}, ${percentText(least.fraction)}: what plans do here tells nothing of production`,
      `INSERT INTO ${least.table.name} SELECT … FROM generate_series(1, ${Math.ceil(least.rows * rowsFraction)}), or --db with a copy`,
    )
  },
})

const qualified = ({ schema, name }: PgTable): string => `${schema}.${name}`
