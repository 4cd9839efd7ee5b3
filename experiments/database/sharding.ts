/** Writes that fill the one core of the only writer, against two writers with a core each: every text belongs to an author, and half of the authors to each. */
import { createDirectory, queryableOf, ShardRouter } from '@whetstone/runtime/data'
import { defineDrill, spread } from '../define.ts'

const authors = 5_000
const textOf = (number: number) => `Dear reader, number ${String(number).padStart(12, '0')}`

export const experiment = defineDrill({
  practice: 'sharding',
  drill: 'throughput',
  shards: 1,
  // Every letter is sealed, and that is the work of whoever writes it: little is asked, and little is stored.
  database: `CREATE TABLE letters (author_id int NOT NULL, body text NOT NULL,
      seal text GENERATED ALWAYS AS (md5(repeat(body, 60000))) STORED);
    INSERT INTO letters (author_id, body) SELECT 1 + i % ${authors}, 'x' FROM generate_series(1, ${2 * authors}) i;
    CREATE INDEX ON letters (author_id)`,
  requests: [
    {
      route: 'POST /authors/:author/letters',
      method: 'POST',
      paths: spread(authors, author => `/authors/${author}/letters`, 200),
    },
  ],
  load: { ratePerSecond: 220, durationMs: 8_000 },
  // The machine has two cores and the writer is kept to one of them: to be full is half of the machine.
  settings: { databaseBusy: 0.2 },
  before: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 8, connectionTimeoutMillis: 5_000 })
      let written = 0
      server.post<{ Params: { author: string } }>('/authors/:author/letters', async ({ params }) => {
        const author = Number(params.author)
        await pool.query('INSERT INTO letters (author_id, body) VALUES ($1, $2)', [author, textOf(written++)])
        return { author }
      })
    },
  },
  after: {
    schema: 'ALTER TABLE letters ADD COLUMN bucket smallint NOT NULL DEFAULT 0',
    async app(server, { pg, connectionString, shardConnectionStrings: [second = ''] }) {
      const shardAt = (url: string) =>
        queryableOf(new pg.Pool({ connectionString: url, max: 8, connectionTimeoutMillis: 5_000 }))
      const shards = { north: shardAt(connectionString), south: shardAt(second) }
      const directory = shards.north
      await createDirectory(directory, Object.keys(shards))
      const router = new ShardRouter({ shards, directory })
      let written = 0
      server.post<{ Params: { author: string } }>('/authors/:author/letters', async ({ params }) => {
        const author = Number(params.author)
        await router.run(author, (shard, bucket) =>
          shard.query('INSERT INTO letters (bucket, author_id, body) VALUES ($1, $2, $3)', [
            bucket,
            author,
            textOf(written++),
          ]),
        )
        return { author }
      })
    },
  },
  expects: { atLeast: 1.25 },
})
