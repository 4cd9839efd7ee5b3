/** A product kept in Redis, and a route that writes it: what the cases of invalidation and of writing through differ in. */
import type { CacheKeys, CacheUse, Evidence, Statement } from '@whetstone/model'
import { cacheKeys, cacheLoads, cacheTraffic, cacheUse } from './cache.ts'
import { equal, query, siteAt, statement, statementsOf, times, trace, tracesOf, use } from './evidence.ts'

export const entity = 'product:{n}'
export const readRoute = 'GET /products/:id'
export const writeRoute = 'PUT /products/:id'

export const load = statement('load', 'SELECT name, price FROM products WHERE id = $1', {
  tables: ['products'],
  targetColumns: ['name', 'price'],
  conditions: [equal('products', 'id')],
})
export const update = statement('update', 'UPDATE products SET price = $1 WHERE id = $2', {
  operation: 'update',
  tables: ['products'],
  targetColumns: ['price'],
  conditions: [equal('products', 'id')],
})
/** Of rows that are not found by the key. */
export const updateOfMany = statement('all', 'UPDATE products SET price = price * $1 WHERE category = $2', {
  operation: 'update',
  tables: ['products'],
  targetColumns: ['price'],
  conditions: [equal('products', 'category')],
})

export interface CachedEntity {
  readonly keys?: Partial<CacheKeys>
  readonly write?: Statement
  readonly writes?: number
  readonly read?: Statement
  /** Beside GET and SET of the reading route. */
  readonly uses?: readonly CacheUse[]
}

/** A thousand reads, a hundred of them misses that load; forty writes. */
export function cachedEntity({ keys = {}, write = update, writes = 40, read = load, uses = [] }: CachedEntity = {}) {
  const own = cacheKeys(entity, {
    loads: cacheLoads({ statements: [{ statementId: read.id, loads: 100 }] }),
    ...keys,
  })
  return {
    traces: tracesOf(
      [
        ...times(50, trace(readRoute, 6, [query(read.id, 2, 4)])),
        ...times(20, trace(writeRoute, 4, [query(write.id, 1, 3)])),
      ],
      {},
      {
        cache: cacheTraffic({
          keys: [own],
          uses: [
            cacheUse(readRoute, 'GET', entity, { hits: own.hits, misses: own.misses, site: siteAt(12) }),
            cacheUse(readRoute, 'SET', entity, { calls: own.sets, site: siteAt(16) }),
            ...uses,
          ],
        }),
      },
    ),
    statements: statementsOf(
      [read, write],
      [
        use(readRoute, read.id, 100, 400, { site: siteAt(14) }),
        use(writeRoute, write.id, writes, 120, { site: siteAt(40, 'src/admin.ts') }),
      ],
    ),
  } satisfies Evidence
}

const { cache: _cache, ...uncachedTraces } = cachedEntity().traces
/** The same requests, where nobody uses a cache. */
export const uncached: Evidence = { ...cachedEntity(), traces: uncachedTraces }
