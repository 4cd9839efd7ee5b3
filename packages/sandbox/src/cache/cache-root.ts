/** Decides where downloaded tools, prepared clusters and running databases live, so that a second start is quick and nobody else can meddle. */
import { accessSync, chmodSync, constants, lstatSync, mkdirSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { WhetstoneError } from '@whetstone/model'
import { blockingFolder } from './reach.ts'
import type { Identity } from '../process/identity.ts'

/**
 * `WHETSTONE_CACHE` first, then `XDG_CACHE_HOME` or `~/.cache`. As root (whose home is usually closed to the servers' user),
 * and where the home cannot be written, a folder of our own under a temporary folder.
 */
export function cacheRoot(serverUser: Identity | undefined, env: NodeJS.ProcessEnv = process.env): string {
  const wanted = env['WHETSTONE_CACHE']
  if (wanted) return ownedFolder(resolve(wanted), serverUser)
  if (serverUser) return ownedFolder(temporaryCache(serverUser), serverUser)
  const base = resolve(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'))
  return isWritable(base)
    ? ownedFolder(join(base, 'whetstone'), undefined)
    : ownedFolder(temporaryCache(undefined), undefined)
}

function temporaryCache(serverUser: Identity | undefined): string {
  const open = [tmpdir(), '/tmp', '/var/tmp'].find(
    folder => !serverUser || blockingFolder(folder, serverUser) === undefined,
  )
  return join(open ?? '/tmp', `whetstone-cache-${process.getuid?.() ?? 'user'}`)
}

function isWritable(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Creates the folder if need be; refuses one that another user owns or may write to (a planted binary would run as us). */
export function ownedFolder(path: string, serverUser: Identity | undefined): string {
  const uid = process.getuid?.()
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 })
  } catch (error) {
    throw refuse(path, `cannot be created (${(error as Error).message})`, error)
  }
  const stat = lstatSync(path)
  if (!stat.isDirectory()) throw refuse(path, 'is not a folder')
  if (uid !== undefined && stat.uid !== uid) throw refuse(path, `belongs to uid ${stat.uid}, not to uid ${uid}`)
  if (stat.mode & 0o022 || (serverUser && !(stat.mode & 0o001))) chmodSync(path, 0o755)
  const blocking = serverUser && blockingFolder(path, serverUser)
  if (blocking) throw refuse(path, `cannot be entered by uid ${serverUser.uid}, because ${blocking} is closed to it`)
  return path
}

function refuse(path: string, why: string, cause?: unknown): WhetstoneError {
  return new WhetstoneError('WHET_SANDBOX_CACHE', `the cache folder ${path} ${why}`, {
    hint: 'choose another: WHETSTONE_CACHE=/some/folder of your own',
    cause,
  })
}
