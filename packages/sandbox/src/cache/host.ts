/** The place and the user of the servers on this machine, settled once and handed to every step of a start. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { unprivilegedIdentity } from '../process/identity.ts'
import type { Identity } from '../process/identity.ts'
import { cacheRoot } from './cache-root.ts'
import { scratchRoot } from './scratch.ts'

export interface Host {
  /** The user PostgreSQL runs as when we are root; `undefined` when it runs as ourselves. */
  readonly serverUser: Identity | undefined
  readonly cache: string
  /** Short-lived folders of that user. */
  readonly serverScratch: string
  /** Short-lived folders of our own: downloads, and servers that run as ourselves. */
  readonly ownScratch: string
}

export function thisHost(env: NodeJS.ProcessEnv = process.env): Host {
  const serverUser = unprivilegedIdentity()
  const cache = cacheRoot(serverUser, env)
  for (const folder of ['postgres', 'tools']) mkdirSync(join(cache, folder), { recursive: true, mode: 0o755 })
  return {
    serverUser,
    cache,
    serverScratch: scratchRoot(join(cache, 'server-scratch'), serverUser),
    ownScratch: scratchRoot(join(cache, 'own-scratch'), undefined),
  }
}
