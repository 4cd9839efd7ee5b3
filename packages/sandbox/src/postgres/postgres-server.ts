/** What the sandbox hands out for a running PostgreSQL: where it is, its databases, and how it ends. */
import { superuser } from './cluster.ts'
import { createDatabase, dropDatabase } from './databases.ts'
import type { CreateDatabaseOptions } from './databases.ts'
import type { Started } from './start-server.ts'

export interface PostgresServer {
  readonly url: string
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  readonly pid: number
  readonly dataDirectory: string
  /** What the server writes, auto_explain's plans included. */
  readonly logPath: string
  readonly urlOf: (database: string) => string
  /** Resolves with the URL of the new database. */
  readonly createDatabase: (name: string, options?: CreateDatabaseOptions) => Promise<string>
  readonly dropDatabase: (name: string) => Promise<void>
  /** SIGKILL, for drills: the server is gone without a word, its files stay until `stop`. Resolves when it has ended. */
  readonly kill: () => Promise<void>
  /** Ends the server and removes its data; connections that are still open are cut. May be called twice. */
  readonly stop: () => Promise<void>
}

export function postgresServer({ server, port, dataDirectory, logPath }: Started, database: string): PostgresServer {
  const urlOf = (name: string) => `postgres://${superuser}@127.0.0.1:${port}/${encodeURIComponent(name)}`
  const admin = urlOf('postgres')
  return {
    url: urlOf(database),
    host: '127.0.0.1',
    port,
    user: superuser,
    database,
    pid: server.pid,
    dataDirectory,
    logPath,
    urlOf,
    async createDatabase(name, options) {
      await createDatabase(admin, name, options)
      return urlOf(name)
    },
    dropDatabase: async name => await dropDatabase(admin, name),
    async kill() {
      // A pid is somebody else's once its process has ended.
      if (!server.hasEnded()) process.kill(server.pid, 'SIGKILL')
      await server.ended
    },
    stop: async () => await server.stop(),
  }
}
