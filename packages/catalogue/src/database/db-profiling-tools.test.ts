import { describe, expect, it } from 'vitest'
import { outcomeOf } from '../derive/testing/describe-practice.ts'
import { pgOf } from '../derive/testing/evidence.ts'
import { dbProfilingTools } from './db-profiling-tools.ts'

const told = (settings: Record<string, string>, extensions: readonly string[] = ['pg_stat_statements']) =>
  outcomeOf(dbProfilingTools, { pg: pgOf({ settings, extensions }) })

describe('the tools of a database are never a finding, and', () => {
  it('in order where statements are counted, blocks timed and plans logged', () => {
    expect(told({ shared_preload_libraries: 'pg_stat_statements,auto_explain', track_io_timing: 'on' })).toMatchObject({
      kind: 'pass',
      note: 'statements are counted, blocks are timed, slow plans are logged',
    })
  })

  it('in order where the list of libraries is hidden and the extension is there', () => {
    expect(told({ track_io_timing: 'on' })).toMatchObject({ kind: 'pass' })
  })

  it('unknown without the counters of statements, with all that turns them on', () => {
    expect(told({ shared_preload_libraries: 'timescaledb', track_io_timing: 'off' }, [])).toEqual({
      kind: 'unknown',
      missing: ['pg'],
      why: 'not there: pg_stat_statements, track_io_timing, auto_explain',
      give: "ALTER SYSTEM SET shared_preload_libraries = 'timescaledb', 'pg_stat_statements', 'auto_explain'; -- restart CREATE EXTENSION pg_stat_statements; ALTER SYSTEM SET track_io_timing = on;",
    })
  })

  it('unknown where the library is loaded and this database has no view of it', () => {
    expect(told({ shared_preload_libraries: 'pg_stat_statements,auto_explain' }, [])).toMatchObject({
      kind: 'unknown',
      give: 'CREATE EXTENSION pg_stat_statements;',
    })
  })

  it('a remark where only the clock of blocks is off', () => {
    expect(
      told({ shared_preload_libraries: 'pg_stat_statements, auto_explain', track_io_timing: 'off' }),
    ).toMatchObject({
      kind: 'pass',
      note: 'statements are counted; not there: track_io_timing (ALTER SYSTEM SET track_io_timing = on;)',
    })
  })
})
