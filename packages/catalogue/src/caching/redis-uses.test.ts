import type { Evidence, StatementShape, StatementUse } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice, stated } from '../derive/testing/describe-practice.ts'
import { equal, statement, statementsOf, times, trace, tracesOf, use } from '../derive/testing/evidence.ts'
import { redisUses } from './redis-uses.ts'

interface Touch {
  readonly table?: string
  readonly routes?: readonly string[]
  readonly operation?: StatementShape['operation']
  readonly writes?: number
  readonly totalMs?: number
}

/** Each of 50 requests of each route reads a row of the table and, `writes` times in all, writes it. */
function touched({
  table = 'sessions',
  routes = ['GET /cart', 'GET /orders'],
  operation = 'update',
  writes = 50,
  totalMs = 100,
}: Touch = {}): Evidence {
  // prettier-ignore
  return {
    traces: tracesOf(routes.flatMap(route => times(50, trace(route, 10, [])))),
    statements: statementsOf(
      [
        statement('r', `SELECT data FROM ${table} WHERE sid = $1`, { tables: [table], conditions: [equal(table, 'sid')] }),
        statement('w', `UPDATE ${table} SET expires_at = $2 WHERE sid = $1`, { tables: [table], operation, conditions: [equal(table, 'sid')] }), // prettier-ignore
      ],
      routes.flatMap(route => [use(route, 'r', 50, 10), ...(writes > 0 ? [use(route, 'w', writes, totalMs)] : [])]),
    ),
  }
}

interface Board {
  readonly list?: Partial<StatementShape>
  readonly listMs?: number
  readonly scores?: number
  readonly update?: string
}
function board({
  list = {},
  listMs = 8,
  scores = 60,
  update = 'UPDATE players SET points = points + $2 WHERE id = $1',
}: Board = {}): Evidence {
  // prettier-ignore
  const uses: StatementUse[] = [use('GET /top', 'top', 40, 40 * listMs), use('POST /score', 'score', scores, scores)]
  return {
    traces: tracesOf([...times(40, trace('GET /top', 10, [])), ...times(60, trace('POST /score', 2, []))]),
    statements: statementsOf(
      [
        statement('top', 'SELECT id, points FROM players ORDER BY points DESC LIMIT $1', {
          tables: ['players'],
          hasLimit: true,
          orderBy: [{ table: 'players', column: 'points', descending: true }],
          ...list,
        }),
        statement('score', update, { tables: ['players'], operation: 'update', conditions: [equal('players', 'id')] }),
      ],
      uses,
    ),
  }
}

describePractice(redisUses, {
  silent: {
    'a session that is read and not written': touched({ writes: 0 }),
    'a session that few requests write': touched({ writes: 5 }),
    'a session whose writes cost next to nothing': touched({ totalMs: 2 }),
    'sessions of a conference, on the route about them': touched({ routes: ['GET /sessions', 'PUT /sessions/:id'] }),
    'sessions of a conference, on one route': touched({ routes: ['POST /attend'] }),
    'a table with such a word inside': touched({ table: 'session_speakers' }),
    'any other table that every request writes': touched({ table: 'carts' }),
    'statements outside of requests': touched({ routes: [''] }),
    'a list that an index makes cheap': board({ listMs: 0.4 }),
    'a list over what hardly ever changes': board({ scores: 3 }),
    'another column is written': board({ update: 'UPDATE players SET seen_at = $2 WHERE id = $1' }),
    'a list of one group': board({ list: { hasWhere: true } }),
    'the newest first': board({ list: { orderBy: [{ table: 'players', column: 'created_at', descending: true }] } }),
    'all of them, without a limit': board({ list: { hasLimit: false } }),
    'no statements': { traces: tracesOf([]), statements: statementsOf([]) },
  },
  reports: {
    'a session that every request reads and prolongs': {
      evidence: touched({ table: 'user_sessions' }),
      finds: [
        {
          fingerprint: expect.stringContaining('redis-uses|'),
          practice: 'redis-uses',
          title: 'the session is a row that 100 % of the requests write, 2 statements each',
          where: {
            statementId: 'w',
            resource: 'user_sessions',
          },
          facts: [
            stated('requests that write it', 1, 'fraction', 'statements'),
            stated('share of the time of all requests', 0.22, 'fraction', 'statements'),
            stated('time for each request', 2.2, 'ms', 'statements'),
          ],
          confidence: 'strong',
          remedy: {
            summary: 'Keep sessions in Redis, which forgets them by itself.',
            steps: expect.any(Array),
            code: { language: 'ts', after: expect.stringContaining('expressSessionStore') },
          },
        },
      ],
    },
    'requests counted by upserts': {
      evidence: touched({ table: 'rate_limits', operation: 'insert' }),
      finds: [
        expect.objectContaining({ title: 'requests are counted in rows: 100 % of them write one, 2 statements each' }),
      ],
    },
    'the best players, while their points change': {
      evidence: board(),
      finds: [
        expect.objectContaining({
          title: 'the best of players by points, sorted anew for every reader: 8.0 ms',
          where: expect.objectContaining({ route: 'GET /top' }),
          confidence: 'suspected',
        }),
      ],
    },
  },
})
