/** Requests that wait for rows others hold: who stands behind whom, which line took the lock, and deadlocks that the server had to break. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  pass,
  type PgSessions,
  placeText,
  type TracesEvidence,
  unknown,
} from '@whetstone/model'
import { countText, excerpt, fact, msText, percentText } from '../derive/figures.ts'
import { contendedMs, type LockKind, type LockWait, lockWaits } from '../derive/lock-waits.ts'

export const lockContention = definePractice({
  id: 'lock-contention',
  chapter: 'database',
  title: 'Avoid lock waits and deadlocks',
  why: 'A row can be changed by one transaction at a time: whoever wants the same row waits until the other commits, so a hot row serves one request after another however many cores there are; two that take the same rows in opposite order wait for each other until the server kills one.',
  unless: [
    'The rows have to be taken in turn, as seats or stock: then only shorten what happens while they are held.',
    'A migration or a nightly job is what blocks, and it runs when nobody is there.',
  ],
  sources: [
    'https://www.postgresql.org/docs/current/explicit-locking.html',
    'https://www.postgresql.org/docs/current/monitoring-stats.html#WAIT-EVENT-LOCK-TABLE',
    'https://www.postgresql.org/docs/current/functions-info.html',
  ],
  needs: ['pg'],
  optional: ['statements', 'traces'],
  thresholds: {
    waitFraction: {
      value: 0.05,
      unit: 'fraction',
      source: 'one session in twenty that should be at work waits for another: the p95 feels it',
    },
    waits: { value: 5, unit: 'count', source: 'fewer sightings in one window may be chance' },
    blockedMs: {
      value: 1_000,
      unit: 'ms',
      source: 'PostgreSQL deadlock_timeout: as long a wait is worth a line in its log (log_lock_waits)',
    },
    deadlocks: { value: 1, unit: 'count', source: 'each one is a transaction that failed' },
  },
  remedy: {
    summary: 'Hold rows for a shorter time, take them in one order, and spread what everybody writes.',
    library: '@whetstone/runtime/data tx({ retry }) for the ones that remain',
    example: {
      language: 'sql',
      before: 'UPDATE counters SET n = n + 1 WHERE name = $1;  -- one row, everybody in turn',
      after: `CREATE TABLE counter_parts (name text, part int, n bigint NOT NULL, PRIMARY KEY (name, part));
INSERT INTO counter_parts SELECT name, part, 0 FROM counters, generate_series(0, 15) part;
UPDATE counter_parts SET n = n + 1 WHERE name = $1 AND part = $2;  -- a random number below 16
SELECT sum(n) FROM counter_parts WHERE name = $1;`,
    },
  },
  detect({ pg, statements, traces }, thresholds) {
    const { sessions } = pg.activity
    if (sessions === undefined)
      return unknown(['pg'], 'the run was recorded without looking at locks', 'whetstone diagnose')
    const waitFraction = sessions.waitingForLocks / Math.max(1, sessions.active)
    const isFelt = waitFraction >= thresholds.waitFraction && sessions.waitingForLocks >= thresholds.waits
    const all = lockWaits(sessions, statements, traces)
    const worth = all.filter(({ blocking }, at) => blocking.longestMs >= thresholds.blockedMs || (isFelt && at === 0))
    const found = new Map<string, Finding>()
    for (const wait of worth.slice(0, findingsAtMost)) {
      const finding = describe(wait, sessions, waitFraction, thresholds.blockedMs, traces)
      if (!found.has(finding.fingerprint)) found.set(finding.fingerprint, finding)
    }
    const deadlocks = sessions.deadlocks ?? 0
    if (deadlocks >= thresholds.deadlocks) found.set('deadlocks', describeDeadlocks(deadlocks, all[0]))
    return found.size > 0
      ? findings([...found.values()])
      : pass([fact('sessions waiting for a lock', waitFraction, 'fraction', 'pg')], 'requests hardly wait for locks')
  },
})

const findingsAtMost = 3

function describe(
  { blocking, taker, kind }: LockWait,
  sessions: PgSessions,
  waitFraction: number,
  blockedMs: number,
  traces: TracesEvidence | undefined,
): Finding {
  const { waiting, blocker, longestMs, waits } = blocking
  const where = {
    ...(taker.statementId === undefined ? {} : { statementId: taker.statementId }),
    ...(taker.site ? { site: taker.site } : {}),
    resource: 'lock',
  }
  const link = taker.statementId === undefined ? {} : { statementId: taker.statementId }
  const contended = traces && waiting.statementId !== undefined ? contendedMs(traces, waiting.statementId) : undefined
  return {
    fingerprint: fingerprintOf('lock-contention', where),
    practice: 'lock-contention',
    title: `Requests wait up to ${msText(longestMs)} for rows held by ${kind === 'idle-transaction' ? 'an idle transaction' : 'others'}`,
    where,
    facts: [
      fact('longest wait seen', longestMs, 'ms', 'pg', link),
      fact('waits seen behind this statement', waits, 'count', 'pg', link),
      fact('sessions at work that wait for a lock', waitFraction, 'fraction', 'pg'),
      fact('looks at the server', sessions.looks, 'count', 'pg'),
      ...(contended ? [fact('the waiting statement, median', contended.usualMs, 'ms', 'traces')] : []),
      ...(contended ? [fact('the same when nobody is in its way', contended.freeMs, 'ms', 'traces')] : []),
    ],
    confidence: 'strong',
    ...(contended && contended.freeMs > 0 && contended.freeMs < contended.usualMs / 2
      ? {
          edit: {
            kind: 'plan' as const,
            statements: [
              {
                statementId: waiting.statementId!,
                costBefore: contended.usualMs,
                costAfter: contended.freeMs,
                medianMsBefore: contended.usualMs,
                medianMsAfter: contended.freeMs,
              },
            ],
          },
        }
      : {}),
    ...(longestMs >= blockedMs ? { risk: 'outage' as const } : {}),
    remedy: {
      ...remedies[kind],
      steps: [
        `\`${excerpt(waiting.text)}\` waited, ${percentText(waitFraction)} of all sessions at work did.`,
        `The lock was taken by \`${excerpt(taker.text)}\`${taker.site ? ` at ${placeText(taker.site)}` : ''}.`,
        ...(blocker.text === taker.text ? [] : [`The last that transaction ran was \`${excerpt(blocker.text)}\`.`]),
        ...remedies[kind].steps,
      ],
    },
  }
}

const remedies: Readonly<Record<LockKind, Finding['remedy']>> = {
  'idle-transaction': {
    summary: 'Commit before anything else is done: the transaction lay idle while others waited for it.',
    steps: [
      'Between its statements the service did something else; move that before BEGIN or after COMMIT.',
      'SET idle_in_transaction_session_timeout bounds what a forgotten one can do.',
    ],
    code: {
      language: 'ts',
      before:
        "await client.query('BEGIN')\nawait client.query(update)\nawait somethingElse()\nawait client.query('COMMIT')",
      after:
        "await somethingElse()\nawait client.query('BEGIN')\nawait client.query(update)\nawait client.query('COMMIT')",
    },
  },
  'hot-row': {
    summary: 'Spread the row that everybody writes, or write it last.',
    steps: [
      'A counter or a total: split it into parts, write a random one, and add them up when it is read.',
      'Otherwise make it the last statement before COMMIT, so that it is held for one commit only; or gather the changes in memory and write them a few times a second.',
    ],
    code: {
      language: 'ts',
      before: "await client.query('UPDATE counters SET n = n + 1 WHERE name = $1', [name])",
      after: `// random() in the WHERE clause would be drawn anew for every row: draw it here.
const part = randomInt(16)  // of node:crypto
await client.query('UPDATE counter_parts SET n = n + 1 WHERE name = $1 AND part = $2', [name, part])
// SELECT sum(n) FROM counter_parts WHERE name = $1`,
    },
  },
  queue: {
    summary: 'Let workers skip the rows that others have taken.',
    steps: ['Workers that take the next row all want the same one; with SKIP LOCKED each gets another.'],
    code: {
      language: 'sql',
      before: 'SELECT … ORDER BY id LIMIT 1 FOR UPDATE',
      after: 'SELECT … ORDER BY id LIMIT 20 FOR UPDATE SKIP LOCKED',
    },
  },
  'schema-change': {
    summary: 'Change the schema without a lock that keeps everybody out.',
    steps: [
      'Build indexes CONCURRENTLY, add constraints NOT VALID and validate them later.',
      'Give every migration a lock_timeout and try again: while it waits in the queue, all others wait behind it.',
    ],
    code: { language: 'sql', after: "SET lock_timeout = '2s';\nCREATE INDEX CONCURRENTLY …" },
  },
  'other-statement': {
    summary: 'Shorten the transaction that holds the rows, and take rows in one order everywhere.',
    steps: [
      'Move its write behind everything that can be done before it, so that the rows are held for less.',
      'A read that only has to see the row needs no FOR UPDATE; FOR NO KEY UPDATE lets foreign keys pass.',
    ],
    code: {
      language: 'ts',
      before: 'await client.query(update)\nawait client.query(longReport)',
      after: 'await client.query(longReport)\nawait client.query(update) // just before COMMIT',
    },
  },
}

function describeDeadlocks(deadlocks: number, wait: LockWait | undefined): Finding {
  const where = {
    ...(wait?.taker.statementId === undefined ? {} : { statementId: wait.taker.statementId }),
    ...(wait?.taker.site ? { site: wait.taker.site } : {}),
    resource: 'deadlock',
  }
  return {
    fingerprint: fingerprintOf('lock-contention', { resource: 'deadlock' }),
    practice: 'lock-contention',
    title: `The server broke ${deadlocks === 1 ? 'a deadlock' : `${countText(deadlocks)} deadlocks`}`,
    where,
    facts: [fact('deadlocks', deadlocks, 'count', 'pg')],
    confidence: 'strong',
    // What the killed transaction had done is gone, unless somebody tries it again.
    risk: 'loss',
    remedy: {
      summary: 'Take rows in the same order everywhere, and try a transaction that failed with 40P01 again.',
      steps: [
        ...(wait
          ? [
              `Seen to wait for each other: \`${excerpt(wait.blocking.waiting.text)}\` and \`${excerpt(wait.taker.text)}\`.`,
            ]
          : ["The server's log names both statements of each one: look for “deadlock detected”."]),
        'Sort the keys before a loop of updates, or lock all of them first with one SELECT … ORDER BY id FOR UPDATE.',
      ],
      code: {
        language: 'ts',
        before: 'for (const id of [from, to]) await client.query(update, [id])',
        after: 'for (const id of [from, to].toSorted()) await client.query(update, [id])',
      },
    },
  }
}
