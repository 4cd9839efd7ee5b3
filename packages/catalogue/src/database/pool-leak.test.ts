import type { HeldConnections } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { pool, runtimeOf, siteAt, statement, statementsOf } from '../derive/testing/evidence.ts'
import { poolLeak } from './pool-leak.ts'

const held = (more: Partial<HeldConnections> = {}): HeldConnections => ({
  site: siteAt(12),
  statementId: 'find',
  connections: 7,
  outlived: 7,
  longestMs: 8_000,
  unusedMs: 2_500,
  ...more,
})
const statements = statementsOf([
  statement('find', 'SELECT id FROM orders WHERE id = $1'),
  statement('listen', 'LISTEN orders'),
  statement('lock', 'SELECT pg_advisory_lock($1)'),
  statement('cursor', 'DECLARE c CURSOR FOR SELECT id FROM orders'),
])
const runtimeWith = (...groups: readonly HeldConnections[]) => runtimeOf([pool({ held: groups })])

describePractice(poolLeak, {
  silent: {
    'no pool': { runtime: runtimeOf([]) },
    'a pool that holds nothing for long': { runtime: runtimeOf([pool()]), statements },
    'connections taken when the service started': { runtime: runtimeWith(held({ outlived: 0 })), statements },
    'streams that are still being sent': {
      runtime: runtimeWith(held({ connections: 5, outlived: 0, unusedMs: 0 })),
      statements,
    },
    'work that goes on after the answer': { runtime: runtimeWith(held({ unusedMs: 300 })), statements },
    'one connection that a request took and keeps': {
      runtime: runtimeWith(held({ connections: 1, outlived: 1, unusedMs: 60_000 })),
      statements,
    },
    'subscriptions opened by the first request of each channel': {
      runtime: runtimeWith(held({ statementId: 'listen' })),
      statements,
    },
    'locks of a session': { runtime: runtimeWith(held({ statementId: 'lock' })), statements },
    'cursors that are read bit by bit': { runtime: runtimeWith(held({ statementId: 'cursor' })), statements },
  },
  reports: {
    'connections that outlived their requests, by the line that took them': {
      evidence: { runtime: runtimeWith(held(), held({ site: siteAt(50), outlived: 0 })), statements },
      finds: [
        {
          fingerprint: 'pool-leak||src/orders.ts#load|pool',
          practice: 'pool-leak',
          title: '7 of 10 connections were taken and not given back',
          where: { resource: 'pool', site: siteAt(12), statementId: 'find' },
          facts: [
            expect.objectContaining({
              label: 'connections held after their request was answered',
              quantity: { value: 7, unit: 'count' },
            }),
            expect.objectContaining({ quantity: { value: 10, unit: 'count' } }),
            expect.objectContaining({ label: 'held for up to', quantity: { value: 8_000, unit: 'ms' } }),
            expect.objectContaining({ label: 'unused for at least', quantity: { value: 2_500, unit: 'ms' } }),
          ],
          confidence: 'strong',
          risk: 'outage',
          remedy: expect.objectContaining({
            steps: [
              'It is taken at src/orders.ts:12; look for a way out of that function without release().',
              'The last that ran on it was `SELECT id FROM orders WHERE id = $1`.',
              'Nothing has run on them for 2.50 s; 3 are left of this pool.',
              'Where a single statement is enough, pool.query() takes and returns by itself.',
            ],
          }),
        },
      ],
    },
    'a transaction of Sequelize that nobody ends, in its own words': {
      evidence: { runtime: runtimeOf([pool({ madeBy: 'sequelize', held: [held({ connections: 2, outlived: 2 })] })]) },
      finds: [
        expect.objectContaining({
          remedy: {
            summary:
              'Give the transaction a function to run: it then ends, and its connection returns, on every way out.',
            steps: [
              'It is taken at src/orders.ts:12; look for a way out of that function without commit() or rollback().',
              'Nothing has run on them for 2.50 s; 8 are left of this pool.',
              'Where a single statement is enough, it needs no transaction: the pool then takes and returns by itself.',
            ],
            code: {
              language: 'ts',
              before:
                'const transaction = await sequelize.transaction()\nawait work(transaction) // throws: never ended\nawait transaction.commit()',
              after: 'await sequelize.transaction(transaction => work(transaction))',
            },
          },
        }),
      ],
    },
    'one leak in each of two processes is one leak of two': {
      evidence: {
        runtime: runtimeOf(
          [pool({ held: [held({ connections: 1, outlived: 1 })] })],
          [pool({ held: [held({ connections: 1, outlived: 1, longestMs: 9_000 })] })],
        ),
      },
      finds: [
        expect.objectContaining({
          title: '2 of 10 connections were taken and not given back',
          facts: expect.arrayContaining([
            expect.objectContaining({ label: 'held for up to', quantity: { value: 9_000, unit: 'ms' } }),
          ]),
        }),
      ],
    },
  },
})
