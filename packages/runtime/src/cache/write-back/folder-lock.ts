/** A folder for one process at a time: held by a listening socket, which the system closes whatever the process dies of. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { realpath, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Fault } from '../../fault.ts'

/** Within one machine, and one container: processes that share a folder over a network, or across containers, do not see one another here. */
export interface FolderLock {
  release(): Promise<void>
}

/** @throws Fault `FAULT_JOURNAL_TAKEN` while another process has it */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = socketPath(await realpath(folder))
  const server = (await listening(path)) ?? ((await isDead(path)) ? await listening(path) : undefined)
  if (server === undefined)
    throw new Fault('FAULT_JOURNAL_TAKEN', `another process writes the journal in ${folder}`, {
      retryable: true,
      hint: 'give each process a folder of its own, or use the journal in PostgreSQL, which they can share',
    })
  return {
    async release() {
      server.close()
      await once(server, 'close')
    },
  }
}

/** A name that ends with its owner where the system has such names: Linux by its abstract sockets, Windows by its pipes. */
function socketPath(folder: string): string {
  const name = `whetstone-journal-${createHash('sha256').update(folder).digest('hex').slice(0, 32)}`
  if (process.platform === 'linux') return `\0${name}`
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), name)
}

async function listening(path: string): Promise<Server | undefined> {
  const server = createServer(socket => socket.destroy()).unref()
  try {
    server.listen({ path, exclusive: true })
    await once(server, 'listening')
    return server
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined
    throw error
  }
}

/** Elsewhere the name is a file that outlives its owner; nobody answers there then, and the file is in the way. */
async function isDead(path: string): Promise<boolean> {
  if (process.platform === 'linux' || process.platform === 'win32') return false
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return false
  } catch {
    await rm(path, { force: true })
    return true
  } finally {
    socket.destroy()
  }
}
