/** A real PostgreSQL 18 on a loopback port, in well under a second, gone without a trace when we are. */
import { thisHost } from '../cache/host.ts'
import { sweepScratch } from '../cache/scratch.ts'
import { prepareBinaries } from './binaries.ts'
import { createCluster } from './cluster.ts'
import { endOrphan } from './data-folder.ts'
import { createDatabase, databaseExists } from './databases.ts'
import { postgresPackage } from './package.ts'
import type { PostgresPackage } from './package.ts'
import { postgresServer } from './postgres-server.ts'
import type { PostgresServer } from './postgres-server.ts'
import { startServer } from './start-server.ts'
import type { SettingsOptions } from './settings.ts'

export interface PostgresOptions extends SettingsOptions {
  /** Created if it does not exist. Default `sandbox`. */
  readonly database?: string
  /** Keep the data here and reuse it next time; by default the data lives in the cache and is removed at the end. */
  readonly dataDirectory?: string
  /** Other binaries than those of the npm package. */
  readonly package?: PostgresPackage
}

export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const host = thisHost()
  const from = options.package ?? postgresPackage()
  await sweepScratch(host.serverScratch, host.serverUser, endOrphan)
  const binaries = await prepareBinaries(host, from)
  const fill = async (dataFolder: string) => await createCluster(host, binaries, from.version, dataFolder)
  const server = postgresServer(await startServer(host, binaries, { ...options, fill }), options.database ?? 'sandbox')
  const admin = server.urlOf('postgres')
  try {
    if (!(await databaseExists(admin, server.database))) await createDatabase(admin, server.database)
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}
