/** Fresh database clusters in a fraction of initdb's time: one is initialised once, kept in the cache, and copied. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { moveIntoPlace } from '../cache/move-into-place.ts'
import { newScratch } from '../cache/scratch.ts'
import { runToEnd } from '../process/run-to-end.ts'
import type { Binaries } from './binaries.ts'
import type { Host } from '../cache/host.ts'

export const superuser = 'postgres'

/** The built-in C.UTF-8 sorts the same on every machine, whatever locales it has installed. */
const initdbArguments = [
  `--username=${superuser}`,
  '--auth=trust',
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--no-sync',
  '--no-instructions',
]
/** Databases made later inherit template1, so the statement statistics are there in each. */
const preparation = 'CREATE EXTENSION pg_stat_statements;'
const preparedDatabases = ['template1', superuser]

/** Fills the empty `dataFolder`, which the server's user owns, with a fresh cluster. */
export async function createCluster(
  host: Host,
  binaries: Binaries,
  version: string,
  dataFolder: string,
): Promise<void> {
  const template = await clusterTemplate(host, binaries, version)
  await runToEnd('cp', ['-a', `${template}/.`, dataFolder], { as: host.serverUser ?? {} })
}

async function clusterTemplate(host: Host, binaries: Binaries, version: string): Promise<string> {
  const key = createHash('sha256')
    .update(JSON.stringify([version, initdbArguments, preparation, preparedDatabases]))
    .digest('hex')
    .slice(0, 12)
  const template = join(host.cache, 'postgres', `template-${version}-${key}`)
  if (existsSync(template)) return template
  const draft = newScratch(host.serverScratch, 'initdb', host.serverUser)
  const data = join(draft, 'data')
  const as = host.serverUser ?? {}
  await runToEnd(binaries.initdb, [`--pgdata=${data}`, ...initdbArguments], { as, env: binaries.env })
  for (const database of preparedDatabases) {
    const single = ['--single', '-D', data, '-c', 'exit_on_error=on', '-c', 'fsync=off', database]
    await runToEnd(binaries.postgres, single, { as, env: binaries.env, input: `${preparation}\n` })
  }
  moveIntoPlace(data, template)
  await runToEnd('rm', ['-rf', draft], { as })
  return template
}
