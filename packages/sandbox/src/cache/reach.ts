/** Says whether another user can enter a folder: root's files are often behind a door that the database's user cannot open. */
import { realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Identity } from '../process/identity.ts'

/** The first folder on the way to `path` (itself included) that this user may not enter; `undefined` when all are open. */
export function blockingFolder(path: string, identity: Identity): string | undefined {
  return ancestors(realpathSync(path)).find(folder => !mayEnter(statSync(folder), identity))
}

/** The classic permission bits; access lists can only be stricter or looser where an administrator set them. */
export function mayEnter(
  stat: { readonly mode: number; readonly uid: number; readonly gid: number },
  identity: Identity,
): boolean {
  if (stat.uid === identity.uid) return (stat.mode & 0o100) !== 0
  if (stat.gid === identity.gid) return (stat.mode & 0o010) !== 0
  return (stat.mode & 0o001) !== 0
}

function ancestors(path: string): string[] {
  const parent = dirname(path)
  return parent === path ? [path] : [...ancestors(parent), path]
}
