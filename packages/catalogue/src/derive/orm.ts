/** How each ORM loads related rows at once: the remedy in the words of the library that issued the statement. */

export interface OrmAdvice {
  readonly name: string
  /** What to write so that relations come with the list. */
  readonly eagerLoad: string
  /** What to write so that only some columns are read. */
  readonly pickColumns: string
}

const advice: Readonly<Record<string, OrmAdvice>> = {
  sequelize: {
    name: 'Sequelize',
    eagerLoad: `await Parent.findAll({ include: [{ model: Child, separate: true }] })`,
    pickColumns: `await Model.findAll({ attributes: ['id', 'name'] })`,
  },
  typeorm: {
    name: 'TypeORM',
    eagerLoad: `await repository.find({ relations: { children: true }, relationLoadStrategy: 'query' })`,
    pickColumns: `await repository.find({ select: { id: true, name: true } })`,
  },
  prisma: {
    name: 'Prisma',
    eagerLoad: `await prisma.parent.findMany({ include: { children: true } })`,
    pickColumns: `await prisma.model.findMany({ select: { id: true, name: true } })`,
  },
  drizzle: {
    name: 'Drizzle',
    eagerLoad: `await db.query.parents.findMany({ with: { children: true } })`,
    pickColumns: `await db.select({ id: table.id, name: table.name }).from(table)`,
  },
  'mikro-orm': {
    name: 'MikroORM',
    eagerLoad: `await em.find(Parent, {}, { populate: ['children'] })`,
    pickColumns: `await em.find(Model, {}, { fields: ['id', 'name'] })`,
  },
  objection: {
    name: 'Objection',
    eagerLoad: `await Parent.query().withGraphFetched('children')`,
    pickColumns: `await Model.query().select('id', 'name')`,
  },
  knex: {
    name: 'Knex',
    eagerLoad: `await knex('children').whereIn('parent_id', parents.map(parent => parent.id))`,
    pickColumns: `await knex('table').select('id', 'name')`,
  },
  kysely: {
    name: 'Kysely',
    eagerLoad: `await db.selectFrom('children').where('parent_id', 'in', parents.map(parent => parent.id)).selectAll().execute()`,
    pickColumns: `await db.selectFrom('table').select(['id', 'name']).execute()`,
  },
}

/** Names as the evidence writes them, with or without a scope: `@prisma/client`, `drizzle-orm`. */
export function ormAdvice(issuedBy: string | undefined): OrmAdvice | undefined {
  if (issuedBy === undefined) return undefined
  const name = issuedBy.toLowerCase()
  const key = Object.keys(advice).find(known => name.includes(known))
  return key === undefined ? undefined : advice[key]
}

/** Builders only write the SQL they are told to; mappers decide on queries themselves. */
export function isMapper(issuedBy: string | undefined): boolean {
  const known = ormAdvice(issuedBy)
  return known !== undefined && known.name !== 'Knex' && known.name !== 'Kysely'
}
