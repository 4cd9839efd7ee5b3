/** Commands to caches, of one process or of several: uses added up, keys of one template merged, clients of one server counted together. */
import type { CacheClient, CacheKeys, CacheUse, KeyReads } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { readable, siteKey } from './merged-uses.ts'

const usesKept = 5_000
const ttlsTold = 16
const statementsTold = 8

export class CacheUseTotals {
  readonly #uses = new Map<string, { use: CacheUse; duration: Histogram }>()

  add(delta: CacheUse): void {
    const { route, driver, command, keyTemplate, site } = delta
    const key = [route, driver, command, keyTemplate, siteKey(site)].join('\n')
    const known = this.#uses.get(key)
    const duration = Histogram.fromJSON(readable(delta.duration))
    if (known) {
      known.use = sumOf(known.use, delta)
      known.duration.merge(duration)
    } else if (this.#uses.size < usesKept) this.#uses.set(key, { use: delta, duration })
  }

  merge(other: CacheUseTotals): void {
    for (const use of other.list()) this.add(use)
  }

  list(): CacheUse[] {
    return [...this.#uses.values()].map(({ use, duration }) => ({ ...use, duration: duration.toJSON() }))
  }
}

function sumOf(one: CacheUse, other: CacheUse): CacheUse {
  return {
    ...one,
    calls: one.calls + other.calls,
    requests: one.requests + other.requests,
    hits: one.hits + other.hits,
    misses: one.misses + other.misses,
    errors: one.errors + other.errors,
    valueBytes: one.valueBytes + other.valueBytes,
    maxValueBytes: Math.max(one.maxValueBytes, other.maxValueBytes),
  }
}

export const cacheKeysId = ({ driver, keyTemplate }: Pick<CacheKeys, 'driver' | 'keyTemplate'>): string =>
  `${driver} ${keyTemplate}`

/** @param reads by `cacheKeysId`, of all processes */
export function mergedCacheKeys(
  lists: readonly (readonly CacheKeys[])[],
  reads: ReadonlyMap<string, KeyReads>,
): CacheKeys[] {
  const merged = new Map<string, CacheKeys>()
  for (const keys of lists.flat()) {
    const id = cacheKeysId(keys)
    const known = merged.get(id)
    merged.set(id, known ? both(known, keys) : keys)
  }
  return [...merged].map(([id, keys]) => {
    const own = reads.get(id)
    return own ? { ...keys, reads: own } : keys
  })
}

function both(one: CacheKeys, other: CacheKeys): CacheKeys {
  const busiest = [one, other]
    .flatMap(({ busiestSetSecond }) => busiestSetSecond ?? [])
    .toSorted((a, b) => b.sets - a.sets)[0]
  const longest = one.loads.maxConcurrent >= other.loads.maxConcurrent ? one.loads : other.loads
  const { site } = longest
  return {
    keyTemplate: one.keyTemplate,
    driver: one.driver,
    distinctKeys: one.distinctKeys + other.distinctKeys,
    hits: one.hits + other.hits,
    misses: one.misses + other.misses,
    missesBy: {
      unseen: one.missesBy.unseen + other.missesBy.unseen,
      deleted: one.missesBy.deleted + other.missesBy.deleted,
      expired: one.missesBy.expired + other.missesBy.expired,
      other: one.missesBy.other + other.missesBy.other,
    },
    sets: one.sets + other.sets,
    ttls: summed([...one.ttls, ...other.ttls], ({ ttlMs }) => ttlMs, 'sets', ttlsTold),
    ...(busiest ? { busiestSetSecond: busiest } : {}),
    refreshes: one.refreshes + other.refreshes,
    refreshesUnchanged: one.refreshesUnchanged + other.refreshesUnchanged,
    deletes: one.deletes + other.deletes,
    loads: {
      loads: one.loads.loads + other.loads.loads,
      totalMs: one.loads.totalMs + other.loads.totalMs,
      maxMs: Math.max(one.loads.maxMs, other.loads.maxMs),
      unfilled: one.loads.unfilled + other.loads.unfilled,
      stampedes: one.loads.stampedes + other.loads.stampedes,
      stampedeLoads: one.loads.stampedeLoads + other.loads.stampedeLoads,
      maxConcurrent: longest.maxConcurrent,
      statements: summed(
        [...one.loads.statements, ...other.loads.statements],
        ({ statementId }) => statementId,
        'loads',
        statementsTold,
      ),
      ...(site ? { site } : {}),
    },
    hot: [...one.hot, ...other.hot].toSorted((a, b) => b.reads - a.reads),
  }
}

function summed<Count extends string, Item extends Readonly<Record<Count, number>>>(
  items: readonly Item[],
  idOf: (item: Item) => unknown,
  count: Count,
  most: number,
): Item[] {
  const byId = new Map<unknown, Item>()
  for (const item of items) {
    const known = byId.get(idOf(item))
    byId.set(idOf(item), known ? { ...known, [count]: known[count] + item[count] } : item)
  }
  return [...byId.values()].toSorted((a, b) => b[count] - a[count]).slice(0, most)
}

/** Clients that are set up alike for one server are one line. */
export function mergedClients(clients: readonly CacheClient[]): CacheClient[] {
  const merged = new Map<string, CacheClient>()
  for (const client of clients) {
    const { clients: _count, connects: _connects, queuedOffline: _queued, site, ...setUp } = client
    const id = `${JSON.stringify(setUp)} ${siteKey(site)}`
    const known = merged.get(id)
    merged.set(
      id,
      known
        ? {
            ...known,
            clients: known.clients + client.clients,
            connects: known.connects + client.connects,
            queuedOffline: known.queuedOffline + client.queuedOffline,
          }
        : client,
    )
  }
  return [...merged.values()]
}
