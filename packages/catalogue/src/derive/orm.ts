/** How each ORM loads related rows at once: the remedy in the words of the library that issued the statement. */

export interface OrmAdvice {
  readonly name: string
  /** What to write so that relations come with the list. */
  readonly eagerLoad: string
  /** The same where every row of the list has one related row, if that is written otherwise. */
  readonly eagerLoadOne?: string
  /** What to write so that related rows are counted for the whole list. */
  readonly countTogether?: string
  /** What to write so that only some columns are read. */
  readonly pickColumns: string
  /** Where it wants to be told of an index, and what becomes of one it was not told of. */
  readonly declareIndex?: string
  /** Where it has to be told that one is gone, and what becomes of one that it still names. */
  readonly forgetIndex?: string
}

const advice: Readonly<Record<string, OrmAdvice>> = {
  sequelize: {
    name: 'Sequelize',
    eagerLoad: `await Parent.findAll({ include: [{ model: Child, separate: true }] })`,
    eagerLoadOne: `await Child.findAll({ include: Parent })`,
    countTogether: `await Child.count({ where: { parentId: ids }, group: ['parentId'] })`,
    pickColumns: `await Model.findAll({ attributes: ['id', 'name'] })`,
    declareIndex:
      'list it under `indexes` of the model as well, or create it by queryInterface.addIndex in a migration: `sync({ force: true })` drops the table with all that was made by hand.',
    forgetIndex: 'take it out of `indexes` of the model as well: `sync` creates again what a model names.',
  },
  typeorm: {
    name: 'TypeORM',
    eagerLoad: `await repository.find({ relations: { children: true }, relationLoadStrategy: 'query' })`,
    eagerLoadOne: `await repository.find({ relations: { parent: true } })`,
    countTogether: `await children.createQueryBuilder('child').select('child.parentId').addSelect('count(*)', 'count').where({ parentId: In(ids) }).groupBy('child.parentId').getRawMany()`,
    pickColumns: `await repository.find({ select: { id: true, name: true } })`,
    declareIndex:
      'declare it with @Index(…) on the entity, or create it in a migration and name it there as @Index(name, { synchronize: false }): `synchronize` drops indexes that no entity names.',
    forgetIndex:
      'drop it in a migration and take its @Index off the entity: `synchronize` creates again what an entity names.',
  },
  prisma: {
    name: 'Prisma',
    eagerLoad: `await prisma.parent.findMany({ include: { children: true } })`,
    eagerLoadOne: `await prisma.child.findMany({ include: { parent: true } })`,
    countTogether: `await prisma.parent.findMany({ include: { _count: { select: { children: true } } } })`,
    pickColumns: `await prisma.model.findMany({ select: { id: true, name: true } })`,
    declareIndex:
      'write @@index([…]) into the model and edit the SQL of the migration (`migrate dev --create-only`) to CREATE INDEX CONCURRENTLY: `db push` and the next `migrate dev` drop what schema.prisma does not name.',
    forgetIndex:
      'take its @@index out of the model and edit the SQL of the migration (`migrate dev --create-only`) to DROP INDEX CONCURRENTLY: `db push` and the next `migrate dev` create again what schema.prisma names.',
  },
  drizzle: {
    name: 'Drizzle',
    eagerLoad: `await db.query.parents.findMany({ with: { children: true } })`,
    eagerLoadOne: `await db.query.children.findMany({ with: { parent: true } })`,
    countTogether: `await db.select({ parentId: children.parentId, count: count() }).from(children).where(inArray(children.parentId, ids)).groupBy(children.parentId)`,
    pickColumns: `await db.select({ id: table.id, name: table.name }).from(table)`,
    declareIndex:
      'write index().on(…).concurrently() into the table: `drizzle-kit push` drops what the schema does not name.',
    forgetIndex: 'take its index() out of the table as well: `drizzle-kit push` creates again what the schema names.',
  },
  'mikro-orm': {
    name: 'MikroORM',
    eagerLoad: `await em.find(Parent, {}, { populate: ['children'] })`,
    pickColumns: `await em.find(Model, {}, { fields: ['id', 'name'] })`,
    declareIndex: 'declare it with @Index() on the entity: the schema generator drops what no entity names.',
    forgetIndex: 'take its @Index() off the entity as well: the schema generator creates again what an entity names.',
  },
  objection: {
    name: 'Objection',
    eagerLoad: `await Parent.query().withGraphFetched('children')`,
    pickColumns: `await Model.query().select('id', 'name')`,
    declareIndex:
      'create it in a Knex migration, in which `exports.config = { transaction: false }` lets CONCURRENTLY run.',
    forgetIndex:
      'drop it in a Knex migration, in which `exports.config = { transaction: false }` lets CONCURRENTLY run.',
  },
  knex: {
    name: 'Knex',
    eagerLoad: `await knex('children').whereIn('parent_id', parents.map(parent => parent.id))`,
    eagerLoadOne: `await knex('parents').whereIn('id', children.map(child => child.parent_id))`,
    countTogether: `await knex('children').whereIn('parent_id', ids).groupBy('parent_id').select('parent_id').count()`,
    pickColumns: `await knex('table').select('id', 'name')`,
    declareIndex:
      'create it in a Knex migration, in which `exports.config = { transaction: false }` lets CONCURRENTLY run. (Where Strapi stands on Knex: a file of database/migrations, and see that it outlives a restart, because its schema sync drops indexes it does not know.)',
    forgetIndex:
      'drop it in a Knex migration, in which `exports.config = { transaction: false }` lets CONCURRENTLY run. A framework on Knex that keeps the schema itself (Strapi, Directus) may create again what its own schema names: look after a restart.',
  },
  kysely: {
    name: 'Kysely',
    eagerLoad: `await db.selectFrom('children').where('parent_id', 'in', parents.map(parent => parent.id)).selectAll().execute()`,
    eagerLoadOne: `await db.selectFrom('parents').where('id', 'in', children.map(child => child.parent_id)).selectAll().execute()`,
    countTogether: `await db.selectFrom('children').where('parent_id', 'in', ids).groupBy('parent_id').select(({ fn }) => ['parent_id', fn.countAll().as('count')]).execute()`,
    pickColumns: `await db.selectFrom('table').select(['id', 'name']).execute()`,
    declareIndex: 'create it in a migration: `db.schema.createIndex(…)`, or sql`…` where it has to be CONCURRENTLY.',
    forgetIndex: 'drop it in a migration: `db.schema.dropIndex(…)`, or sql`…` where it has to be CONCURRENTLY.',
  },
}

/** Names as the evidence writes them, with or without a scope: `@prisma/client`, `drizzle-orm`. */
export function ormAdvice(issuedBy: string | undefined): OrmAdvice | undefined {
  if (issuedBy === undefined) return undefined
  const name = issuedBy.toLowerCase()
  const key = Object.keys(advice).find(known => name.includes(known))
  return key === undefined ? undefined : advice[key]
}

/** One line of advice for whoever reads related rows one by one. */
export function togetherStep(issuedBy: string | undefined, reads: 'many' | 'one' | 'count'): string | undefined {
  const orm = ormAdvice(issuedBy)
  const code = { many: orm?.eagerLoad, one: orm?.eagerLoadOne ?? orm?.eagerLoad, count: orm?.countTogether }[reads]
  if (orm === undefined || code === undefined) return undefined
  return isMapper(issuedBy) && reads !== 'count' ? `${orm.name} does it for you: ${code}` : `With ${orm.name}: ${code}`
}

/** One line for whoever adds an index by hand beside a library that keeps the schema. */
export function indexStep(issuedBy: string | undefined): string | undefined {
  const orm = ormAdvice(issuedBy)
  return orm?.declareIndex === undefined ? undefined : `With ${orm.name}: ${orm.declareIndex}`
}

/** The same for whoever drops one. */
export function dropIndexStep(issuedBy: string | undefined): string | undefined {
  const orm = ormAdvice(issuedBy)
  return orm?.forgetIndex === undefined ? undefined : `With ${orm.name}: ${orm.forgetIndex}`
}

/** Builders only write the SQL they are told to; mappers decide on queries themselves. */
export function isMapper(issuedBy: string | undefined): boolean {
  const known = ormAdvice(issuedBy)
  return known !== undefined && known.name !== 'Knex' && known.name !== 'Kysely'
}
