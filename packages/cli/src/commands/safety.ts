/** What may be loaded and read without asking twice: what runs on this machine, and is not in production. */
import { serverOf } from '@whetstone/loop'
import { exitCodes, maskSecrets, WhetstoneError } from '@whetstone/model'
import type { CommandContext } from '../context.ts'

export interface SafetyOptions {
  readonly allowHost?: string
  readonly iOwnThis?: boolean
}

/** @throws WhetstoneError WHET_PRODUCTION */
export function assertNotProduction(options: SafetyOptions, { env }: Pick<CommandContext, 'env'>): void {
  if (env['NODE_ENV'] !== 'production' || options.iOwnThis) return
  throw new WhetstoneError('WHET_PRODUCTION', 'NODE_ENV is production: a load test belongs on a copy', {
    exitCode: exitCodes.usage,
    hint: 'If this is a copy you own, add --i-own-this',
  })
}

/** @throws WhetstoneError WHET_FOREIGN_HOST, WHET_URL */
export function assertThisMachine(url: string, what: 'service' | 'database' | 'cache', options: SafetyOptions): void {
  const { host, isLocal } = servers[what](url)
  if (isLocal || host === options.allowHost) return
  throw new WhetstoneError('WHET_FOREIGN_HOST', `the ${what} is on ${host}, not on this machine`, {
    exitCode: exitCodes.usage,
    hint: `If you may load it: --allow-host ${host}`,
  })
}

interface Server {
  readonly host: string
  readonly isLocal: boolean
}

const servers = { service: serviceServer, database: databaseServer, cache: cacheServer }

function cacheServer(url: string): Server {
  if (!/^(?:rediss?|memcached):\/\//i.test(url) || !URL.canParse(url))
    throw notAUrl(url, 'cache', 'redis://127.0.0.1:6379')
  const { hostname } = new URL(url)
  return { host: hostname, isLocal: /^(?:localhost|127(?:\.\d+){3}|\[::1\]|)$/i.test(hostname) }
}

function serviceServer(url: string): Server {
  if (!URL.canParse(url)) throw notAUrl(url, 'service', 'http://127.0.0.1:3000')
  const { hostname } = new URL(url)
  return { host: hostname, isLocal: /^(localhost|127(\.\d+){3}|\[::1\])$/i.test(hostname) }
}

/** Asks the driver: it takes the host of the query or of PGHOST before the one that a reader of the URL sees. */
function databaseServer(url: string): Server {
  try {
    if (URL.canParse(url)) return serverOf(url)
  } catch {
    // A file of certificates that is not there, an escape that is none.
  }
  throw notAUrl(url, 'database', 'postgres://user@127.0.0.1:5432/name')
}

function notAUrl(url: string, what: string, example: string): WhetstoneError {
  return new WhetstoneError('WHET_URL', `${what} '${maskSecrets(url)}' is not a URL that can be used`, {
    hint: `such as ${example}`,
  })
}
