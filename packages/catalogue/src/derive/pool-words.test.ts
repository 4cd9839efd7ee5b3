/** The remedy for a pool is written as the library that keeps it takes it. */
import { describe, expect, it } from 'vitest'
import { poolWords } from './pool-words.ts'

describe('the words for a pool', () => {
  it.each([
    [undefined, 'new Pool({ max: 11 })'],
    ['whetstone', 'new Pool({ max: 11 })'],
    ['kysely', 'new Pool({ max: 11 })'],
    ['sequelize', 'new Sequelize(url, { pool: { max: 11 } })'],
    ['knex', `knex({ client: 'pg', connection: url, pool: { min: 0, max: 11 } })`],
    ['typeorm', `new DataSource({ type: 'postgres', url, extra: { max: 11 } })`],
    ['prisma', 'new PrismaPg({ connectionString: url, max: 11 })'],
    ['drizzle-orm', 'drizzle({ connection: { connectionString: url, max: 11 } })'],
  ])('of %s take its size', (madeBy, code) => {
    expect(poolWords(madeBy === undefined ? {} : { madeBy }).make({ max: 11 })).toBe(code)
  })

  it.each([
    [undefined, 'new Pool({ max: 5, connectionTimeoutMillis: 2_000, statement_timeout: 10_000 })'],
    ['whetstone', 'new Pool({ max: 5, acquireTimeoutMs: 2_000, statementTimeoutMs: 10_000 })'],
    [
      'sequelize',
      'new Sequelize(url, { pool: { max: 5, acquire: 2_000 }, dialectOptions: { statement_timeout: 10_000 } })',
    ],
    [
      'knex',
      `knex({ client: 'pg', connection: { connectionString: url, statement_timeout: 10_000 }, pool: { min: 0, max: 5 }, acquireConnectionTimeout: 2_000 })`,
    ],
  ])('of %s take its limits', (madeBy, code) => {
    const settings = { max: 5, acquireTimeoutMs: 2_000, statementTimeoutMs: 10_000 }
    expect(poolWords(madeBy === undefined ? {} : { madeBy }).make(settings)).toBe(code)
  })
})
