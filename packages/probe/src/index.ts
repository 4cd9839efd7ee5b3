/** `node --import @whetstone/probe server.js`: does nothing at all unless the tool says where to report, and nothing before the process turns out to be a server. */
import { hookLibraryCaches } from './cache/library-caches.ts'
import { expressHooks } from './frameworks/express.ts'
import { graphqlHooks } from './frameworks/graphql.ts'
import { koaHooks } from './frameworks/koa.ts'
import { hookFastify } from './frameworks/fastify.ts'
import { ormPoolHooks } from './drivers/orm-pool.ts'
import { ioredisHooks } from './drivers/ioredis.ts'
import { memjsHooks } from './drivers/memjs.ts'
import { nodeRedisHooks } from './drivers/node-redis.ts'
import { pgHooks } from './drivers/pg.ts'
import { hookPostgres, postgresHooks } from './drivers/postgres.ts'
import { hookWhetstonePool } from './drivers/whetstone-pool.ts'
import { failed } from './guard.ts'
import { levelNumber, OFF, whenAwake, wantLevel } from './level.ts'
import { hookModules } from './module-loading.ts'
import { hookOutbound } from './outbound.ts'
import { startReporter } from './reporter.ts'
import { hookServers } from './requests.ts'
import { hookSyncCalls } from './sync-calls.ts'

const { WHETSTONE_PROBE_SOCKET: socketPath, WHETSTONE_PROBE_LEVEL: levelWanted } = process.env

if (socketPath) {
  try {
    wantLevel(levelNumber(levelWanted))
    if (levelNumber(levelWanted) > OFF) await install(socketPath)
  } catch (error) {
    failed(error)
  }
}

async function install(path: string): Promise<void> {
  whenAwake(() => startReporter(path))
  hookServers()
  hookModules([
    ...pgHooks,
    ...ormPoolHooks,
    ...postgresHooks,
    ...ioredisHooks,
    ...nodeRedisHooks,
    ...memjsHooks,
    ...expressHooks,
    ...koaHooks,
    ...graphqlHooks,
  ])
  hookFastify()
  hookOutbound()
  hookSyncCalls()
  hookWhetstonePool()
  hookLibraryCaches()
  await hookPostgres()
}
