/** `node --import @whetstone/probe server.js`: does nothing at all unless the tool says where to report, and nothing before the process turns out to be a server. */
import { hookFastify } from './frameworks/fastify.ts'
import { pgHooks } from './drivers/pg.ts'
import { failed } from './guard.ts'
import { levelNumber, OFF, whenAwake, wantLevel } from './level.ts'
import { hookModules } from './module-loading.ts'
import { startReporter } from './reporter.ts'
import { hookServers } from './requests.ts'

const { WHETSTONE_PROBE_SOCKET: socketPath, WHETSTONE_PROBE_LEVEL: levelWanted } = process.env

if (socketPath) {
  try {
    wantLevel(levelNumber(levelWanted))
    if (levelNumber(levelWanted) > OFF) install(socketPath)
  } catch (error) {
    failed(error)
  }
}

function install(path: string): void {
  whenAwake(() => startReporter(path))
  hookServers()
  hookModules([...pgHooks])
  hookFastify()
}
