/** The place and the user of the servers on this machine, settled once and handed to every step of a start. */
import { cacheRoot } from '../cache/cache-root.ts'
import { scratchRoot } from '../cache/scratch.ts'
import { unprivilegedIdentity } from '../process/identity.ts'
import type { Identity } from '../process/identity.ts'

export interface Host {
  /** The user PostgreSQL runs as when we are root; `undefined` when it runs as ourselves. */
  readonly serverUser: Identity | undefined
  readonly cache: string
  readonly scratch: string
}

export function thisHost(env: NodeJS.ProcessEnv = process.env): Host {
  const serverUser = unprivilegedIdentity()
  const cache = cacheRoot(serverUser, env)
  return { serverUser, cache, scratch: scratchRoot(cache, serverUser) }
}
