/** Which user a server runs as: PostgreSQL refuses to run as root, so a root parent hands it to an unprivileged user. */
import { readFileSync } from 'node:fs'
import { WhetstoneError } from '@whetstone/model'

export interface Identity {
  readonly uid: number
  readonly gid: number
}

/** What `spawn` needs to become that user; empty when we stay who we are. */
export type SpawnIdentity = Identity | Record<string, never>

/** The user for servers that refuse root: `undefined` when we are not root and simply stay ourselves. */
export function unprivilegedIdentity(uid = process.getuid?.() ?? -1, passwd = readPasswd): Identity | undefined {
  if (uid !== 0) return undefined
  const found = chooseUnprivileged(passwd())
  if (found) return found
  throw new WhetstoneError(
    'WHET_SANDBOX_NO_USER',
    'PostgreSQL refuses to run as root, and /etc/passwd has no other user',
    {
      hint: 'add one (useradd --system whetstone), or run this command as a user other than root',
    },
  )
}

/** 65534 (nobody) first, then the usual service accounts: initdb fails for a uid without a passwd entry. */
export function chooseUnprivileged(passwd: string): Identity | undefined {
  const entries = passwd.split('\n').flatMap(line => {
    const [name = '', , uid, gid] = line.split(':')
    return uid && gid && Number(uid) > 0 ? [{ name, uid: Number(uid), gid: Number(gid) }] : []
  })
  const chosen =
    entries.find(entry => entry.uid === 65_534) ??
    ['nobody', 'postgres', 'node', 'daemon'].flatMap(name => entries.find(entry => entry.name === name) ?? [])[0] ??
    entries[0]
  return chosen && { uid: chosen.uid, gid: chosen.gid }
}

function readPasswd(): string {
  return readFileSync('/etc/passwd', 'utf8')
}
