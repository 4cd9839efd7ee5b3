/** When autovacuum comes to a table: the settings of the server, and what the table says against them. */
import type { Client } from 'pg'
import type { PgAutovacuum } from '@whetstone/model'
import { ownMark } from './connect.ts'

const names = {
  enabled: 'autovacuum',
  vacuumThreshold: 'autovacuum_vacuum_threshold',
  vacuumScaleFactor: 'autovacuum_vacuum_scale_factor',
  analyzeThreshold: 'autovacuum_analyze_threshold',
  analyzeScaleFactor: 'autovacuum_analyze_scale_factor',
} as const

export async function autovacuumSettings(client: Client): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ name: string; value: string }>(
    `select ${ownMark} name, setting as value from pg_settings where name = any($1)`,
    [Object.values(names)],
  )
  return new Map(rows.map(({ name, value }) => [name, value]))
}

/** Pure. Storage parameters are written `autovacuum_enabled=false`; a server whose autovacuum is off leaves them no say. */
export function autovacuumOf(server: ReadonlyMap<string, string>, options: readonly string[]): PgAutovacuum {
  const own = new Map(
    options.map(option => [option.slice(0, option.indexOf('=')), option.slice(option.indexOf('=') + 1)]),
  )
  const figure = (name: string) => Number(own.get(name) ?? server.get(name) ?? 0)
  return {
    enabled:
      server.get(names.enabled) !== 'off' && !/^(?:false|off|no|0)$/.test(own.get('autovacuum_enabled') ?? 'true'),
    vacuumThreshold: figure(names.vacuumThreshold),
    vacuumScaleFactor: figure(names.vacuumScaleFactor),
    analyzeThreshold: figure(names.analyzeThreshold),
    analyzeScaleFactor: figure(names.analyzeScaleFactor),
  }
}
