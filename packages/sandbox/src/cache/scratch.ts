/** Scratch folders named after the process that owns them, so that whatever a killed run left behind is found and swept. */
import { chownSync, lchownSync, mkdirSync, readdirSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { isAlive, thisLifetime } from '../process/lifetime.ts'
import type { Lifetime } from '../process/lifetime.ts'
import { runToEnd } from '../process/run-to-end.ts'
import type { Identity } from '../process/identity.ts'

/** The folder of all scratch folders; it belongs to the servers' user, so that a watchdog can remove what it served. */
export function scratchRoot(path: string, serverUser: Identity | undefined): string {
  mkdirSync(path, { recursive: true, mode: 0o755 })
  if (serverUser) chownSync(path, serverUser.uid, serverUser.gid)
  return path
}

/** A new empty folder of mode 0700, owned by the servers' user. */
export function newScratch(root: string, purpose: string, serverUser: Identity | undefined): string {
  const path = join(root, scratchName(purpose, thisLifetime(), randomBytes(4).toString('hex')))
  mkdirSync(path, { mode: 0o700 })
  if (serverUser) lchownSync(path, serverUser.uid, serverUser.gid)
  return path
}

/** Removes the folders whose owner is dead; resolves with their names. `inUse` spares one in which a server still ends. */
export async function sweepScratch(
  root: string,
  serverUser: Identity | undefined,
  inUse: (path: string) => boolean = () => false,
): Promise<string[]> {
  const stale = readdirSync(root).filter(name => {
    const owner = ownerOf(name)
    return owner !== undefined && !isAlive(owner) && !inUse(join(root, name))
  })
  if (stale.length === 0) return []
  // As the servers' user: root following a path that another user can rearrange is asking for trouble.
  const removal = runToEnd('rm', ['-rf', ...stale.map(name => join(root, name))], { as: serverUser ?? {} })
  // Another process may sweep the same folders this moment; a leftover waits for the next sweep and stops nobody.
  await removal.catch(() => undefined)
  return stale
}

/** The purpose may have hyphens of its own, as `redis-server`. */
export function scratchName(purpose: string, owner: Lifetime, nonce: string): string {
  return [purpose, owner.host, owner.boot, owner.pid, owner.startTicks, nonce].join('-')
}

/** The owner written in a folder's name; `undefined` for names that are not ours. */
export function ownerOf(name: string): Lifetime | undefined {
  const match = /^[a-z][a-z0-9-]*-([0-9a-f]{8})-([0-9a-f]{8})-(\d+)-(\d+)-[0-9a-f]{8}$/.exec(name)
  if (!match) return undefined
  const [, host = '', boot = '', pid, startTicks] = match
  return { host, boot, pid: Number(pid), startTicks: Number(startTicks) }
}
