/** What an ORM is told to load together is what its author would write, and what it can do. */
import { describe, expect, it } from 'vitest'
import { dropIndexStep, indexStep, togetherStep } from './orm.ts'

describe('loading related rows together', () => {
  it('is done by mappers, and written with builders', () => {
    expect(togetherStep('typeorm', 'many')).toMatch(/^TypeORM does it for you: .*relations/)
    expect(togetherStep('kysely', 'many')).toMatch(/^With Kysely: .*'in', parents/)
  })
  it('of one row each does not ask Sequelize for what only has-many relations know', () => {
    expect(togetherStep('sequelize', 'many')).toContain('separate: true')
    expect(togetherStep('sequelize', 'one')).toBe('Sequelize does it for you: await Child.findAll({ include: Parent })')
  })
  it('counts rows without loading them, where it is known how', () => {
    expect(togetherStep('@prisma/client', 'count')).toContain('_count')
    expect(togetherStep('sequelize', 'count')).toContain(`group: ['parentId']`)
    expect(togetherStep('mikro-orm', 'count')).toBeUndefined()
  })
  it('is nothing where no ORM is known', () => {
    expect(togetherStep(undefined, 'many')).toBeUndefined()
    expect(togetherStep('slonik', 'many')).toBeUndefined()
  })
})

describe('an index made by hand', () => {
  it.each([
    ['typeorm', '@Index'],
    ['@prisma/client', '@@index'],
    ['sequelize', '`indexes`'],
    ['drizzle-orm', 'index()'],
    ['knex', 'database/migrations'],
  ])('is declared where %s keeps the schema', (issuedBy, words) => {
    expect(indexStep(issuedBy)).toContain(words)
  })
  it('needs no word where the service writes its own SQL', () => {
    expect(indexStep(undefined)).toBeUndefined()
  })
})

describe('an index dropped by hand', () => {
  it.each([
    ['typeorm', '@Index off'],
    ['@prisma/client', '@@index out'],
    ['sequelize', '`indexes`'],
    ['drizzle-orm', 'index() out'],
    ['mikro-orm', '@Index() off'],
    ['objection', 'Knex migration'],
    ['knex', 'Knex migration'],
    ['kysely', 'dropIndex'],
  ])('is no longer named where %s keeps the schema', (issuedBy, words) => {
    expect(dropIndexStep(issuedBy)).toContain(words)
  })
  it('needs no word where the service writes its own SQL', () => {
    expect(dropIndexStep(undefined)).toBeUndefined()
  })
})
