/** What the sandbox hands out for a running PostgreSQL: where it is, its databases, and how it ends. */
import { readFileSync } from 'node:fs'
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
  /** SIGKILL for all of its processes, for drills: gone without a word, as if the machine were. Its files stay until `stop`. */
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
      if (!server.hasEnded()) killWithChildren(server.pid)
      await server.ended
    },
    stop: async () => await server.stop(),
  }
}

/** Its backends would notice by themselves, and answer one more statement on a busy machine. */
function killWithChildren(pid: number): void {
  const children = childrenOf(pid)
  process.kill(pid, 'SIGKILL')
  for (const child of children) {
    try {
      process.kill(child, 'SIGKILL')
    } catch {
      // It had ended already.
    }
  }
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  } catch {
    // Not Linux.
    return []
  }
}
