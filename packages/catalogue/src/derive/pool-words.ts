/** How each library is told the size and the limits of its pool: the remedy in the words of whoever keeps the pool. */
import type { PoolState } from '@whetstone/model'

interface PoolSettings {
  readonly max: number
  readonly acquireTimeoutMs?: number
  readonly statementTimeoutMs?: number
}

interface PoolWords {
  /** The call that makes the pool, with these settings. */
  readonly make: (settings: PoolSettings) => string
  /** The way to use a connection for several statements that gives it back on every way out, and what is forgotten. */
  readonly giveBack: {
    readonly summary: string
    readonly forgotten: string
    readonly otherwise: string
    readonly before: string
    readonly after: string
  }
}

type Option = readonly [name: string, value: number | undefined]

const pgPool: PoolWords = {
  make: settings => `new Pool({ ${pgOptions(settings)} })`,
  giveBack: {
    summary: 'Give the connection back in finally, on every way out.',
    forgotten: 'without release()',
    otherwise: 'Where a single statement is enough, pool.query() takes and returns by itself.',
    before: 'const client = await pool.connect()\nawait work(client) // throws: never released\nclient.release()',
    after: `const client = await pool.connect()
try {
  await work(client)
} finally {
  client.release()
}

// or, with @whetstone/runtime/data: await pool.withClient(client => work(client))`,
  },
}

/** Both keep the connection with the transaction, and give it back with COMMIT or ROLLBACK. */
const managedTransaction = (owner: string): PoolWords['giveBack'] => ({
  summary: 'Give the transaction a function to run: it then ends, and its connection returns, on every way out.',
  forgotten: 'without commit() or rollback()',
  otherwise: 'Where a single statement is enough, it needs no transaction: the pool then takes and returns by itself.',
  before: `const transaction = await ${owner}.transaction()\nawait work(transaction) // throws: never ended\nawait transaction.commit()`,
  after: `await ${owner}.transaction(transaction => work(transaction))`,
})

const words: Readonly<Record<string, PoolWords>> = {
  sequelize: {
    make: ({ max, acquireTimeoutMs, statementTimeoutMs }) =>
      `new Sequelize(url, { pool: { ${optionsText([
        ['max', max],
        ['acquire', acquireTimeoutMs],
      ])} }${statementTimeoutMs === undefined ? '' : `, dialectOptions: { ${optionsText([['statement_timeout', statementTimeoutMs]])} }`} })`,
    giveBack: managedTransaction('sequelize'),
  },
  knex: {
    make: ({ max, acquireTimeoutMs, statementTimeoutMs }) =>
      [
        `knex({ client: 'pg', connection: ${statementTimeoutMs === undefined ? 'url' : `{ connectionString: url, ${optionsText([['statement_timeout', statementTimeoutMs]])} }`}`,
        `pool: { min: 0, max: ${max} }${acquireTimeoutMs === undefined ? '' : `, ${optionsText([['acquireConnectionTimeout', acquireTimeoutMs]])}`} })`,
      ].join(', '),
    giveBack: managedTransaction('knex'),
  },
  typeorm: {
    make: settings => `new DataSource({ type: 'postgres', url, extra: { ${pgOptions(settings)} } })`,
    giveBack: {
      summary: 'Release the query runner in finally, or let transaction() do it.',
      forgotten: 'without release() of the query runner',
      otherwise: 'Where a single statement is enough, the repository takes and returns by itself.',
      before:
        'const runner = dataSource.createQueryRunner()\nawait work(runner) // throws: never released\nawait runner.release()',
      after: `const runner = dataSource.createQueryRunner()
try {
  await work(runner)
} finally {
  await runner.release()
}

// or: await dataSource.transaction(manager => work(manager))`,
    },
  },
  prisma: {
    make: settings => `new PrismaPg({ connectionString: url, ${pgOptions(settings)} })`,
    giveBack: pgPool.giveBack,
  },
  'drizzle-orm': {
    make: settings => `drizzle({ connection: { connectionString: url, ${pgOptions(settings)} } })`,
    giveBack: pgPool.giveBack,
  },
  whetstone: {
    make: ({ max, acquireTimeoutMs, statementTimeoutMs }) =>
      `new Pool({ ${optionsText([
        ['max', max],
        ['acquireTimeoutMs', acquireTimeoutMs],
        ['statementTimeoutMs', statementTimeoutMs],
      ])} })`,
    giveBack: pgPool.giveBack,
  },
}

/** A pool that the service made itself is told as `pg` is. */
export function poolWords({ madeBy }: Pick<PoolState, 'madeBy'>): PoolWords {
  return words[madeBy ?? ''] ?? pgPool
}

function pgOptions({ max, acquireTimeoutMs, statementTimeoutMs }: PoolSettings): string {
  return optionsText([
    ['max', max],
    ['connectionTimeoutMillis', acquireTimeoutMs],
    ['statement_timeout', statementTimeoutMs],
  ])
}

function optionsText(options: readonly Option[]): string {
  return options.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${separated(value)}`])).join(', ')
}

/** As people write them: 10_000. */
function separated(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, '_')
}
