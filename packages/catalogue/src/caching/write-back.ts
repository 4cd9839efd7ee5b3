/** The same row updated again and again for a value that only its last state matters of: a counter, a time of last sight. */
import {
  ask,
  definePractice,
  type Edit,
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type RouteName,
  type Statement,
  type StatementsEvidence,
} from '@whetstone/model'
import { countText, excerpt, fact, msText, percentText } from '../derive/figures.ts'
import { hotRows, type HotRow } from '../derive/hot-rows.ts'
import { contendedMs } from '../derive/lock-waits.ts'
import { placeOf } from '../derive/places.ts'

export const writeBack = definePractice({
  id: 'write-back',
  chapter: 'caching',
  title: 'Write-back (write-behind) caching',
  why: 'Each commit makes the disk work, and waits for everybody before it who changes the same row; of a hundred new values of one row a second, only the last is ever read.',
  unless: [
    'Each single change must be seen by others at once, or counts by itself: money, stock, an audit.',
    'The new value is needed back from the database, as RETURNING says.',
    'Losing the last second is tolerable and the rows are few: then a sum in memory, flushed by a timer, is simpler than a journal.',
  ],
  sources: [
    'https://www.postgresql.org/docs/current/wal-configuration.html',
    'https://www.postgresql.org/docs/current/storage-hot.html',
    'https://learn.microsoft.com/en-us/azure/architecture/patterns/queue-based-load-leveling',
  ],
  needs: ['statements', 'traces', 'pg'],
  thresholds: {
    updatesPerSecond: {
      value: 10,
      unit: 'per-second',
      source: 'of one row: with 50 ms between flushes, half of them vanish already',
    },
    writeFraction: { value: 0.5, unit: 'fraction', source: 'of all writes of the service: what dominates them' },
    samples: { value: 20, unit: 'count', source: 'traced updates, to tell one row from many' },
    flushMs: {
      value: 50,
      unit: 'ms',
      source: 'default of the write-back of the runtime: nobody sees a counter age so little',
    },
  },
  remedy: {
    summary:
      'Acknowledge the write when a journal has it, and bring the newest value of each row to the database every few milliseconds.',
    library: '@whetstone/runtime/cache WriteBack with a FileJournal or PostgresJournal',
    example: {
      language: 'ts',
      before: `await pool.query('UPDATE products SET views = views + 1 WHERE id = $1', [id])  // each request, one row, one commit`,
      after: `views.set(id, (views.get(id) ?? 0) + 1)  // in memory: a crash loses what was not flushed
setInterval(() => flush(), 1_000)        // UPDATE … FROM unnest(ids, counts), one commit for all`,
    },
    withRuntime: `import { FileJournal, WriteBack } from '@whetstone/runtime/cache'
const seen = new WriteBack<string>({
  journal: new FileJournal({ folder: 'data/seen' }),
  flush: entries =>
    pool.query(
      'UPDATE users SET seen_at = v.at, seen_sequence = v.n FROM unnest($1::int[], $2::timestamptz[], $3::bigint[]) v(id, at, n) WHERE users.id = v.id AND seen_sequence < v.n',
      [entries.map(({ key }) => key), entries.map(({ value }) => value), entries.map(({ sequence }) => sequence)],
    ),
})
await seen.open()
await seen.write(String(id), new Date().toISOString()) // returns when the journal has it: a crash loses nothing`,
  },
  detect({ statements, traces, pg }, thresholds) {
    const rows = hotRows({ statements, traces, windowMs: pg.activity.windowMs })
    if (rows.length === 0) return notApplicable('no statement updates a row by its key')
    const hot = rows.filter(
      row =>
        row.samples >= thresholds.samples &&
        row.updatesPerSecond >= thresholds.updatesPerSecond &&
        row.writeFraction >= thresholds.writeFraction &&
        !/\breturning\b/i.test(row.statement.text),
    )
    const [first] = rows.toSorted((a, b) => b.updatesPerSecond - a.updatesPerSecond)
    const overwritten = hot.filter(row => !row.isInTransaction && onlyLastMatters(row.statement))
    if (overwritten.length > 0)
      return findings(
        overwritten.map(row => describe(row, thresholds.flushMs, statements, contendedMs(traces, row.statement.id))),
      )
    const [unclear] = hot
    if (unclear)
      return ask(
        `One row is written ${countText(unclear.updatesPerSecond)} times a second by "${excerpt(unclear.statement.text, 80)}". Does each change count by itself, or only the last?`,
        factsOf(unclear),
      )
    return pass(first ? factsOf(first) : [], 'no row is written so often that its writes could be put together')
  },
})

const counted = /\bset\s+("?[\w.]+"?)\s*=\s*(?:coalesce\s*\(\s*)?(?:\w+\.)?\1\b/i
const touched = /(?:_at|_on|_time|_date)$|seen|last|views?|visits?|hits|clicks|plays|downloads|counter|counts?$/i

/** Adds to what is there, or notes a time or a place, and sets nothing else. */
function onlyLastMatters({ text, shape }: Statement): boolean {
  const columns = shape?.targetColumns ?? []
  if (columns.length === 0) return false
  const isMoney = /balance|amount|stock|quantity|price|cents|credit|paid/i.test(columns.join(' '))
  return !isMoney && (columns.every(column => touched.test(column)) || (columns.length === 1 && counted.test(text)))
}

function factsOf({
  statement,
  updatesPerSecond,
  writeFraction,
  rowFraction,
  meanMs,
  slowestMs,
}: HotRow): readonly Fact[] {
  const link = { statementId: statement.id }
  return [
    fact('updates of the same row', updatesPerSecond, 'per-second', 'traces', link),
    fact('of the updates by this statement', rowFraction, 'fraction', 'traces', link),
    fact('of all writes of the service', writeFraction, 'fraction', 'statements', link),
    fact('time per update', meanMs, 'ms', 'statements', link),
    fact('slowest update', slowestMs, 'ms', 'statements', link),
  ]
}

interface Contended {
  readonly usualMs: number
  readonly freeMs: number
}

/** The journal waits for the disk as a commit does: what a request gains is the wait for others at the same row. */
const editOf = (statementId: string, { usualMs, freeMs }: Contended, route: RouteName | undefined): Edit => ({
  kind: 'plan',
  statements: [{ statementId, costBefore: usualMs, costAfter: freeMs, medianMsBefore: usualMs, medianMsAfter: freeMs }],
  ...(route === undefined ? {} : { route }),
})

function describe(row: HotRow, flushMs: number, statements: StatementsEvidence, contended?: Contended): Finding {
  const { statement, updatesPerSecond, writeFraction, meanMs, route } = row
  const where = placeOf(statement.id, statements)
  // Of one row one update is left in each flush.
  const goneFraction = 1 - Math.min(1, 1_000 / flushMs / updatesPerSecond)
  return {
    fingerprint: fingerprintOf('write-back', where),
    practice: 'write-back',
    title: `${countText(updatesPerSecond)} updates a second of one row, of which only the last is kept`,
    where,
    facts: factsOf(row),
    // Whether each change counts by itself, only its people know.
    confidence: 'suspected',
    ...(contended && contended.freeMs < contended.usualMs / 2 ? { edit: editOf(statement.id, contended, route) } : {}),
    remedy: {
      summary: `Write "${excerpt(statement.text, 60)}" to a journal first, and to its row every ${msText(flushMs)}.`,
      steps: [
        `It takes ${msText(meanMs)} and is ${percentText(writeFraction)} of all writes: of one row ${percentText(goneFraction)} of the updates would never reach the database.`,
        'It spares the database commits; a request gains only where it now waits for others at the same row, for the journal waits for the disk as well.',
        'Ask first: may others see the value a moment later? Does every change count by itself, as in an audit?',
        'Without a journal a crash loses what was not flushed; with one, what was acknowledged reaches the row after a restart.',
        'The database must leave alone what it has of a larger sequence: a batch may come twice.',
      ],
      code: {
        language: 'ts',
        before: `await pool.query(${JSON.stringify(excerpt(statement.text, 100))}, values)`,
        after: `const counts = new WriteBack({ journal: new FileJournal({ folder: 'data/counts' }), flush: entries => updateAll(entries) })
await counts.open()
await counts.write(String(id), value)`,
      },
    },
  }
}
