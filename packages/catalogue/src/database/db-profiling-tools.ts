/** Whether the database keeps the figures that every question about it begins with: statements, waits for blocks, plans of slow ones. */
import { definePractice, pass, type PgEvidence, unknown } from '@whetstone/model'
import { fact } from '../derive/figures.ts'

export const dbProfilingTools = definePractice({
  id: 'db-profiling-tools',
  chapter: 'database',
  title: 'Use the database profiler',
  why: 'Only the server sees the statements of every client, and only if it was told to count before the bad day: pg_stat_statements takes a restart to load.',
  unless: ['The provider has its own: then its figures do.'],
  sources: [
    'https://www.postgresql.org/docs/current/pgstatstatements.html',
    'https://www.postgresql.org/docs/current/auto-explain.html',
    'https://www.postgresql.org/docs/current/pgtesttiming.html',
  ],
  needs: ['pg'],
  thresholds: {},
  remedy: {
    summary: 'Load pg_stat_statements and auto_explain, and time the reads of blocks.',
    example: {
      language: 'sql',
      before: `SHOW shared_preload_libraries;  -- empty`,
      after: `ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements', 'auto_explain';  -- restart
ALTER SYSTEM SET track_io_timing = on;
ALTER SYSTEM SET auto_explain.log_min_duration = '500ms';
CREATE EXTENSION pg_stat_statements;`,
    },
  },
  detect({ pg }) {
    const missing = missingOf(pg)
    const facts = [fact('statements counted in the window', pg.statements.length, 'count', 'pg')]
    if (missing.length === 0) return pass(facts, 'statements are counted, blocks are timed, slow plans are logged')
    const [first] = missing
    const remedies = missing.flatMap(({ sql }) => (sql === '' ? [] : [sql])).join(' ')
    const words = missing.map(({ what }) => what).join(', ')
    // Without its counters much stays unknown; what only makes it easier to look is a remark.
    return first!.isNeeded
      ? unknown(['pg'], `not there: ${words}`, remedies)
      : pass(facts, `statements are counted; not there: ${words} (${remedies})`)
  },
})

interface Missing {
  readonly what: string
  readonly sql: string
  readonly isNeeded: boolean
}

/** The list of libraries is hidden from roles without pg_read_all_settings; then what is installed has to tell. */
function missingOf({ settings, extensions }: PgEvidence): readonly Missing[] {
  const libraries = settings['shared_preload_libraries']?.split(/[\s,]+/).filter(Boolean)
  const isLoaded = (name: string) => libraries?.includes(name) ?? true
  const list = new Set([...(libraries ?? []), 'pg_stat_statements', 'auto_explain'])
  const load = `ALTER SYSTEM SET shared_preload_libraries = ${[...list].map(name => `'${name}'`).join(', ')}; -- restart`
  const create = extensions.includes('pg_stat_statements') ? '' : ' CREATE EXTENSION pg_stat_statements;'
  return [
    ...(isLoaded('pg_stat_statements')
      ? create === ''
        ? []
        : [{ what: 'pg_stat_statements in this database', sql: create.trim(), isNeeded: true }]
      : [{ what: 'pg_stat_statements', sql: `${load}${create}`, isNeeded: true }]),
    ...(settings['track_io_timing'] === 'off'
      ? [{ what: 'track_io_timing', sql: 'ALTER SYSTEM SET track_io_timing = on;', isNeeded: false }]
      : []),
    ...(isLoaded('auto_explain')
      ? []
      : [{ what: 'auto_explain', sql: isLoaded('pg_stat_statements') ? load : '', isNeeded: false }]),
  ]
}
