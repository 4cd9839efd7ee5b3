/** Where a cluster's files live: in the scratch folder that goes away, or in a folder the caller wants to keep. */
import { lchownSync, mkdirSync, readFileSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { WhetstoneError } from '@whetstone/model'
import { blockingFolder } from '../cache/reach.ts'
import type { Host } from '../cache/host.ts'

export interface DataFolder {
  readonly path: string
  /** True when a cluster must still be made in it. */
  readonly isEmpty: boolean
}

export function dataFolder(host: Host, scratch: string, kept: string | undefined): DataFolder {
  const path = kept === undefined ? join(scratch, 'data') : resolve(kept)
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const entries = readdirSync(path)
  const isEmpty = entries.length === 0
  if (!isEmpty && !entries.includes('PG_VERSION')) {
    throw refuse(path, 'holds files that are not a PostgreSQL cluster', 'name an empty or a new folder')
  }
  if (host.serverUser) {
    if (isEmpty) lchownSync(path, host.serverUser.uid, host.serverUser.gid)
    const closed = blockingFolder(path, host.serverUser)
    if (closed) {
      throw refuse(
        path,
        `cannot be entered by uid ${host.serverUser.uid}, because ${closed} is closed to it`,
        'PostgreSQL refuses to run as root: name a folder under /tmp or /srv',
      )
    }
  } else if (statSync(path).uid !== process.getuid?.()) {
    throw refuse(path, 'belongs to another user', 'name a folder of your own')
  }
  return { path, isEmpty }
}

/**
 * Ends a server that outlived both its owner and its watchdog; true while it still works in this scratch folder.
 * Its working folder proves that the process is the one we think of, and not a later one with its number.
 */
export function endOrphan(scratch: string): boolean {
  try {
    const data = join(scratch, 'data')
    const pid = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0])
    if (readlinkSync(`/proc/${pid}/cwd`) !== realpathSync(data)) return false
    process.kill(pid, 'SIGQUIT')
    return true
  } catch {
    return false
  }
}

function refuse(path: string, why: string, hint: string): WhetstoneError {
  return new WhetstoneError('WHET_SANDBOX_DATA_FOLDER', `the data folder ${path} ${why}`, { hint })
}
