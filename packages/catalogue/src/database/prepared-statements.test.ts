import type { PgEvidence, PgPlan, Statement } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { pgOf, plan, siteAt, statement, statementsOf, use } from '../derive/testing/evidence.ts'
import { preparedStatements } from './prepared-statements.ts'

const route = 'GET /orders/:id'
const text = 'SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = $1'
const find = (more: Partial<Statement> = {}): Statement => ({
  ...statement('find', text, { tables: ['orders', 'customers'] }),
  ...more,
})
const evidence = (one: Statement, calls = 500, pg?: PgEvidence) => ({
  statements: statementsOf([one], [use(route, 'find', calls, calls * 3, { site: siteAt(9) })]),
  ...(pg ? { pg } : {}),
})

const planned = (kind: PgPlan['kind'], totalCost: number, planningMs?: number): PgPlan => ({
  statementId: 'find',
  kind,
  totalCost,
  root: plan('Nested Loop', totalCost),
  ...(planningMs === undefined ? {} : { planningMs }),
})
/** Ten seconds of it. */
const pgWith = (meanMs: number, plans: readonly PgPlan[]): PgEvidence =>
  pgOf({
    plans,
    statements: [
      {
        statementId: 'find',
        text,
        calls: 500,
        totalMs: 500 * meanMs,
        meanMs,
        rows: 500,
        blocksHit: 0,
        blocksRead: 0,
        temporaryBlocks: 0,
      },
    ],
  })
const heavyPlanning = [planned('generic', 50), planned('parameters', 49, 4), planned('parameters', 51, 2.4)]

describePractice(preparedStatements, {
  silent: {
    'no request runs anything': { statements: statementsOf([find()], [use('', 'find', 9, 9)]) },
    'a parameterised statement': evidence(find({ named: false })),
    'constants that stand in the text': evidence(find({ literalSets: 1 })),
    'ten sets of constants, as a list of states may make': evidence(find({ literalSets: 10 })),
    'Sequelize, which writes out what it escapes': evidence(
      find({
        literalSets: 400,
        issuedBy: 'sequelize',
        requestLiterals: [{ parameter: 'q', texts: 40, quoted: true }],
      }),
    ),
    'the OFFSET that TypeORM writes out': evidence(find({ literalSets: 400, issuedBy: 'typeorm' })),
    'a constant that two requests asked for by chance': evidence(
      find({ literalSets: 2, requestLiterals: [{ parameter: 'state', texts: 2, quoted: true }] }),
    ),
    'numbers of the request, checked and few': evidence(
      find({ literalSets: 5, requestLiterals: [{ parameter: 'size', texts: 5, quoted: false }] }),
    ),
    'a restart of the server': evidence(find({ named: true, nameErrors: 1 })),
    'SET and BEGIN': {
      statements: statementsOf(
        [statement('find', 'SET search_path TO $1', { operation: 'set' })].map(one => ({ ...one, literalSets: 40 })),
        [use(route, 'find', 90, 90)],
      ),
    },
    'literals of a nightly job': {
      statements: statementsOf([find({ literalSets: 900 })], [use('', 'find', 900, 900)]),
    },
    'a named statement, however long it is planned': evidence(find({ named: true }), 500, pgWith(0.4, heavyPlanning)),
    'a driver of which nobody can tell': evidence(find(), 500, pgWith(0.4, heavyPlanning)),
    'a lookup that is planned in a tenth of a millisecond': evidence(
      find({ named: false }),
      500,
      pgWith(0.05, [planned('generic', 8), planned('parameters', 8, 0.1)]),
    ),
    'a statement that runs much longer than it is planned': evidence(
      find({ named: false }),
      500,
      pgWith(30, heavyPlanning),
    ),
    'four calls a second': evidence(find({ named: false }), 40, pgWith(0.4, heavyPlanning)),
    'a plan that depends on the value': evidence(
      find({ named: false }),
      500,
      pgWith(0.4, [planned('generic', 4_000), planned('parameters', 9, 2.4)]),
    ),
    'no plan for any parameters': evidence(find({ named: false }), 500, pgWith(0.4, [planned('parameters', 9, 2.4)])),
  },
  reports: {
    'a value of the request between quotes in the text': {
      evidence: evidence(find({ literalSets: 40, requestLiterals: [{ parameter: 'q', texts: 38, quoted: true }] })),
      finds: [
        {
          fingerprint: `prepared-statements|${route}|find|request value in SQL`,
          practice: 'prepared-statements',
          title: 'The query parameter q is written into the text of SQL',
          where: { route, statementId: 'find', site: siteAt(9), resource: 'request value in SQL' },
          facts: [
            expect.objectContaining({ quantity: { value: 38, unit: 'count' } }),
            expect.objectContaining({ quantity: { value: 40, unit: 'count' } }),
          ],
          confidence: 'suspected',
          risk: 'loss',
          remedy: expect.objectContaining({
            summary: 'Send the value as a parameter: what is in it can then be nothing but a value.',
          }),
        },
      ],
    },
    'values written into the text': {
      evidence: evidence(find({ literalSets: 412 })),
      finds: [
        expect.objectContaining({
          title: 'One statement comes in 412 texts: its values are written into it',
          where: { route, statementId: 'find', site: siteAt(9), resource: 'literals' },
          confidence: 'strong',
        }),
      ],
    },
    'the values that one library writes into all its statements: one cause, one finding': {
      evidence: {
        statements: statementsOf(
          ['a', 'b', 'c'].map((id, at) => ({
            ...statement(id, `SELECT ${id} FROM orders WHERE id = $1`, { tables: ['orders'] }),
            issuedBy: 'pg-promise',
            literalSets: 100 + at,
            // Escaped by the library: no claim that a request writes SQL.
            requestLiterals: [{ parameter: 'q', texts: 40, quoted: true }],
          })),
          ['a', 'b', 'c'].map((id, at) => use(route, id, 500, 900, { site: siteAt(at + 1) })),
        ),
      },
      finds: [
        expect.objectContaining({
          fingerprint: 'prepared-statements|||literals, pg-promise',
          title: '3 statements come in 303 texts: pg-promise writes their values into them',
          where: { resource: 'literals, pg-promise' },
          remedy: expect.objectContaining({
            steps: expect.arrayContaining([
              expect.stringMatching(/^`SELECT c FROM orders .*orders\.ts:3\): each text/),
              expect.stringMatching(/^So with `SELECT b .*orders\.ts:2\); `SELECT a .*orders\.ts:1\)\.$/),
            ]),
          }),
        }),
      ],
    },
    'values written in at two lines of the service: each is mended by itself': {
      evidence: {
        statements: statementsOf(
          ['a', 'b'].map(id => ({ ...find({ id, literalSets: 90 }) })),
          ['a', 'b'].map((id, at) => use(route, id, 500, 900, { site: siteAt(at + 1) })),
        ),
      },
      finds: [1, 2].map(line => expect.objectContaining({ where: expect.objectContaining({ site: siteAt(line) }) })),
    },
    'a text that always differs, planned for long: the values in it are the cause': {
      evidence: evidence(find({ named: false, literalSets: 412 }), 500, pgWith(0.4, heavyPlanning)),
      finds: [expect.objectContaining({ where: expect.objectContaining({ resource: 'literals' }) })],
    },
    'three statements that a driver never names': {
      evidence: {
        statements: statementsOf(
          ['a', 'b', 'c'].map(id => find({ id, named: false, issuedBy: 'slonik' })),
          ['a', 'b', 'c'].map((id, at) => use(route, id, 500, 900, { site: siteAt(at + 1) })),
        ),
        pg: pgOf({
          plans: ['a', 'b', 'c'].flatMap(statementId => heavyPlanning.map(one => ({ ...one, statementId }))),
          statements: ['a', 'b', 'c'].map(statementId => ({
            ...pgWith(0.4, []).statements[0]!,
            statementId,
          })),
        }),
      },
      finds: [
        expect.objectContaining({
          title: '3 statements are planned anew each time: one is planned for 2.4 ms each time and runs for 400 µs',
          where: { resource: 'planning, slonik' },
          edit: expect.objectContaining({
            statements: ['a', 'b', 'c'].map(statementId => expect.objectContaining({ statementId })),
          }),
        }),
      ],
    },
    'a join that is planned for longer than it runs': {
      evidence: evidence(find({ named: false }), 500, pgWith(0.4, heavyPlanning)),
      finds: [
        expect.objectContaining({
          title: 'A statement is planned for 2.4 ms each time and runs for 400 µs',
          edit: {
            kind: 'plan',
            statements: [
              {
                statementId: 'find',
                costBefore: 2.8,
                costAfter: 0.4,
                medianMsBefore: 2.8,
                medianMsAfter: 0.4,
              },
            ],
          },
        }),
      ],
    },
    'names that a pooler loses': {
      evidence: evidence(find({ named: true, nameErrors: 170 })),
      finds: [
        expect.objectContaining({
          title: 'Named statements fail, 170 times: their connection is not theirs',
          risk: 'outage',
          fingerprint: 'prepared-statements|||statement name',
        }),
      ],
    },
  },
})
