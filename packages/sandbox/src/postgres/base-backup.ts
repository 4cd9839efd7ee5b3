/** Copies a running cluster the way pg_basebackup does, which is not among the binaries: between the start and the stop of a backup. */
import { lchownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from 'pg'
import type { Host } from '../cache/host.ts'
import { runToEnd } from '../process/run-to-end.ts'

/** Of the running server alone, or made anew at a start; the log comes by streaming, from the slot that retains it. */
const leftOut: ReadonlySet<string> = new Set([
  'postmaster.pid',
  'postmaster.opts',
  'pg_wal',
  'pg_replslot',
  'pg_stat_tmp',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_subtrans',
])
const emptyFolders = [...leftOut].filter(name => name.startsWith('pg_'))

/** `primary` is a connection of a superuser to the server of `from`, on this machine; `to` is empty and owned by the servers' user. */
export async function copyCluster(host: Host, primary: Client, from: string, to: string): Promise<void> {
  await primary.query(`SELECT pg_backup_start('whetstone', true)`)
  const kept = readdirSync(from).filter(name => !leftOut.has(name))
  await runToEnd('cp', ['-R', '-p', ...kept.map(name => join(from, name)), to], { as: host.serverUser ?? {} })
  const stopped = await primary.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)')
  for (const name of [...emptyFolders, 'pg_wal/archive_status', 'pg_wal/summaries']) {
    const folder = join(to, name)
    mkdirSync(folder, { mode: 0o700 })
    giveAway(host, folder)
  }
  writeServerFile(host, join(to, 'backup_label'), stopped.rows[0]!.labelfile)
}

export function writeServerFile(host: Host, path: string, content: string): void {
  writeFileSync(path, content, { mode: 0o600 })
  giveAway(host, path)
}

function giveAway(host: Host, path: string): void {
  if (host.serverUser) lchownSync(path, host.serverUser.uid, host.serverUser.gid)
}
