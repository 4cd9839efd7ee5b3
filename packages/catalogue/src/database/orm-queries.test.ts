import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { query, series, siteAt, statement, statementsOf, times, trace, tracesOf } from '../derive/testing/evidence.ts'
import { ormQueries } from './orm-queries.ts'

const many = (issuedBy?: string) =>
  statementsOf(
    Array.from({ length: 20 }, (_, at) =>
      statement(`s${at}`, `SELECT "id" FROM "t${at}" WHERE "id" = $1`, {
        tables: [`t${at}`],
        ...(issuedBy === undefined ? {} : { issuedBy }),
      }),
    ),
  )
const different = (count: number, eachMs = 2) =>
  Array.from({ length: count }, (_, at) => query(`s${at}`, at * 3, eachMs, { site: siteAt(3) }))
const given = (count: number, issuedBy = 'sequelize', durationMs = 80) => ({
  traces: tracesOf(times(6, trace('GET /shop', durationMs, different(count)))),
  statements: many(issuedBy),
})

describePractice(ormQueries, {
  silent: {
    'six statements': given(6),
    'twenty written by hand': { ...given(20), statements: many() },
    'twenty by a query builder, which asks what it is told': given(20, 'knex'),
    'a twentieth of the request': given(20, 'sequelize', 900),
    'one statement forty times, which is another cause': {
      traces: tracesOf(times(6, trace('GET /shop', 120, series('s1', 40)))),
      statements: many('sequelize'),
    },
    'one request in six': {
      traces: tracesOf([trace('GET /shop', 80, different(20)), ...times(5, trace('GET /shop', 8, different(2)))]),
      statements: many('sequelize'),
    },
    'no traces': { traces: tracesOf([]), statements: many('sequelize') },
  },
  reports: {
    'twenty different statements': {
      evidence: given(20),
      finds: [
        {
          fingerprint: 'orm-queries|GET /shop||orm',
          practice: 'orm-queries',
          title: 'Sequelize asks 20 different questions per request',
          where: { route: 'GET /shop', statementId: 's0', resource: 'orm', site: siteAt(3) },
          facts: [
            expect.objectContaining({
              label: 'different statements per request',
              quantity: { value: 20, unit: 'count' },
            }),
            expect.objectContaining({ label: 'queries per request', quantity: { value: 20, unit: 'count' } }),
            expect.objectContaining({ label: 'share of the request', quantity: { value: 0.5, unit: 'fraction' } }),
          ],
          confidence: 'strong',
          remedy: expect.objectContaining({
            code: { language: 'ts', after: expect.stringContaining('include:') },
          }),
        },
      ],
    },
    'by a mapper under its scope': {
      evidence: given(18, '@mikro-orm/postgresql'),
      finds: [expect.objectContaining({ title: 'MikroORM asks 18 different questions per request' })],
    },
  },
})
