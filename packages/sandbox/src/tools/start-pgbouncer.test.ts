import { Client } from 'pg'
import { expect, it } from 'vitest'
import { startPostgres } from '../postgres/start-postgres.ts'
import { startPgbouncer } from './start-pgbouncer.ts'

it('stands before a PostgreSQL until it is stopped, two side by side', { timeout: 400_000 }, async context => {
  const postgres = await startPostgres()
  try {
    const both = await Promise.all([
      startPgbouncer({ databaseUrl: postgres.url, poolSize: 1 }),
      startPgbouncer({ databaseUrl: postgres.url, poolMode: 'session' }),
    ])
    const servers = both.flatMap(server => (server.kind === 'pgbouncer' ? [server] : []))
    const missing = both.find(server => server.kind === 'not-available')
    if (missing) return context.skip(`not run: ${missing.reason}`)
    expect(new Set(servers.map(server => server.port)).size).toBe(2)
    for (const server of servers) {
      expect(server.version).toMatch(/^PgBouncer \d+\.\d+/)
      const client = new Client({ connectionString: server.url })
      await client.connect()
      const { rows } = await client.query('select current_database() as database, inet_server_port() as port')
      expect(rows).toEqual([{ database: postgres.database, port: postgres.port }])
      await client.end()
      await server.stop()
      await expect(new Client({ connectionString: server.url }).connect()).rejects.toMatchObject({
        code: 'ECONNREFUSED',
      })
    }
  } finally {
    await postgres.stop()
  }
})
