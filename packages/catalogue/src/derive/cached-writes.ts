/** Writes that make entries of a cache old: by which statement, on which route, and whether anything there tells the cache. */
import type { CacheUse, RouteName, Site, Statement, StatementsEvidence, TracesEvidence } from '@whetstone/model'
import { type KeyFamily, keyFamilies } from './cache-keys.ts'
import { loadingStatements } from './cached-tables.ts'
import { memoOfTwo } from './memo.ts'
import { routeUses } from './statement-time.ts'
import { siteOf, statementsById, workOf } from './statements.ts'

export interface CachedWrite {
  readonly family: KeyFamily
  /** What loads the keys. */
  readonly load: Statement
  readonly write: Statement
  readonly route: RouteName
  readonly calls: number
  readonly site?: Site
  /**
   * `told`: the route deletes or sets a key of this template. `unknown`: it does something else that may tell the cache, as a message, a
   * version or a script. `silent`: neither.
   */
  readonly cache: 'told' | 'unknown' | 'silent'
  /** Both find their row by the same column: what is written is one entry. */
  readonly isByKey: boolean
}

const changing = new Set([
  'DEL',
  'UNLINK',
  'GETDEL',
  'SET',
  'SETEX',
  'PSETEX',
  'SETNX',
  'GETSET',
  'MSET',
  'HSET',
  'HMSET',
  'HDEL',
  'EXPIRE',
  'PEXPIRE',
  'EXPIREAT',
  'PEXPIREAT',
])
const telling =
  /^(?:PUBLISH|SPUBLISH|XADD|LPUSH|RPUSH|INCR|INCRBY|HINCRBY|SADD|ZADD|EVAL|EVALSHA|FCALL|EXEC|FLUSHDB|FLUSHALL)$/

/** By route, each write of a table behind a key that requests load; a key that is deleted outside of requests counts as told. */
export const cachedWrites: (traces: TracesEvidence, statements: StatementsEvidence) => readonly CachedWrite[] =
  memoOfTwo((traces, statements) => {
    const byId = statementsById(statements)
    const uses = traces.cache?.uses ?? []
    return keyFamilies(traces).flatMap(family =>
      loadingStatements(family.keys, statements).flatMap(load =>
        routeUses(statements).flatMap((use): readonly CachedWrite[] => {
          const write = byId.get(use.statementId)
          if (!write || workOf(write) !== 'write' || !makesOld(write, load)) return []
          const site = siteOf(use.route, write.id, statements, traces)
          return [
            {
              family,
              load,
              write,
              route: use.route,
              calls: use.calls,
              cache: tellsOf(uses, use.route, family.keyTemplate),
              isByKey: keyColumn(load) !== undefined && keyColumn(load) === keyColumn(write),
              ...(site ? { site } : {}),
            },
          ]
        }),
      ),
    )
  })

function tellsOf(uses: readonly CacheUse[], route: RouteName, keyTemplate: string): CachedWrite['cache'] {
  const own = uses.filter(use => use.route === route)
  const isChanged = (use: CacheUse) => use.keyTemplate === keyTemplate && changing.has(use.command)
  if (own.some(isChanged)) return 'told'
  const elsewhere = uses.some(use => use.route === '' && isChanged(use) && /^(?:DEL|UNLINK)$/.test(use.command))
  return elsewhere || own.some(({ command }) => telling.test(command)) ? 'unknown' : 'silent'
}

/** An update of columns that the load does not name leaves its answer as it was; a new row changes only what is counted or listed. */
function makesOld(write: Statement, load: Statement): boolean {
  const [to, from] = [write.shape, load.shape]
  if (!to || !from || !to.tables.some(table => from.tables.includes(table))) return false
  if (to.operation === 'insert') return from.hasAggregate || from.groupBy || from.isCount || from.orderBy.length > 0
  if (to.operation !== 'update' || from.selectsStar || to.targetColumns.length === 0) return true
  return to.targetColumns.some(column => new RegExp(`\\b${column.replaceAll(/\W/g, '.')}\\b`, 'i').test(load.text))
}

const keyColumn = ({ shape }: Statement): string | undefined => {
  const keys = (shape?.conditions ?? []).filter(({ operator }) => operator === 'equal')
  return keys.length === 1 ? `${keys[0]!.table}.${keys[0]!.column}` : undefined
}
