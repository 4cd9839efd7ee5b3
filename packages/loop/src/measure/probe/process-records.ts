/** Everything one process of the service reported since the last reset, held within bounds. */
import type {
  CacheCounters,
  CacheKeys,
  PoolState,
  ProbeCacheClient,
  ProbeHello,
  ProbeRecord,
  RuntimeSample,
  SyncCall,
} from '@whetstone/model'
import { cacheKeysId, CacheUseTotals } from './cache-totals.ts'
import { KeptTraces } from './kept-traces.ts'
import { RouteTotals, siteKey, UseTotals } from './merged-uses.ts'
import { ReadTotals } from './merged-reads.ts'

const samplesKept = 3_600
const profilesKept = 8
const heapsKept = 3_600
const heapProfilesKept = 8
const syncCallsKept = 1_000
const poolsKept = 200
const cacheTemplatesKept = 1_000
const cacheClientsKept = 200

export type CpuProfileRecord = Extract<ProbeRecord, { kind: 'cpu-profile' }>

export type HeapRecord = Extract<ProbeRecord, { kind: 'heap' }>

export class ProcessRecords {
  readonly hello: ProbeHello
  routes = new RouteTotals()
  uses = new UseTotals()
  reads = new ReadTotals()
  cacheUses = new CacheUseTotals()
  cacheKeys = new Map<string, CacheKeys>()
  cacheReads = new ReadTotals()
  cacheClients = new Map<number, ProbeCacheClient>()
  traces = new KeptTraces()
  samples: RuntimeSample[] = []
  pools = new Map<number, PoolState>()
  syncCalls = new Map<string, SyncCall>()
  profiles: CpuProfileRecord[] = []
  heaps: HeapRecord[] = []
  statementsOverflowed = 0
  cacheOverflowed = 0
  counters: readonly CacheCounters[] = []
  dropped = 0

  constructor(hello: ProbeHello) {
    this.hello = hello
  }

  reset(): void {
    this.routes = new RouteTotals()
    this.uses = new UseTotals()
    this.reads = new ReadTotals()
    this.cacheUses = new CacheUseTotals()
    this.cacheKeys.clear()
    this.cacheReads = new ReadTotals()
    this.cacheOverflowed = 0
    this.counters = []
    this.traces = new KeptTraces()
    this.samples = []
    this.pools.clear()
    this.syncCalls.clear()
    this.profiles = []
    // The heap as the warm-up left it is where the window begins.
    this.heaps = this.heaps.slice(-1)
    this.statementsOverflowed = 0
    this.dropped = 0
  }

  add(record: ProbeRecord): void {
    switch (record.kind) {
      case 'aggregates':
        for (const route of record.routes) this.routes.add(route)
        for (const use of record.uses) this.uses.add(use)
        this.statementsOverflowed += record.statementsOverflowed
        for (const use of record.cacheUses ?? []) this.cacheUses.add(use)
        this.cacheOverflowed += record.cacheOverflowed ?? 0
        break
      case 'reads':
        this.reads.add(record.statementId, record)
        break
      case 'trace':
        this.traces.add(record.trace)
        break
      case 'runtime':
        this.#addSample(record)
        break
      case 'pool':
        if (this.pools.has(record.poolId) || this.pools.size < poolsKept) this.pools.set(record.poolId, record.pool)
        break
      case 'cache-keys': {
        const id = cacheKeysId(record.keys)
        if (this.cacheKeys.has(id) || this.cacheKeys.size < cacheTemplatesKept) this.cacheKeys.set(id, record.keys)
        break
      }
      case 'cache-reads': {
        const { driver, keyTemplate, keyFraction, keys, atMs } = record
        this.cacheReads.add(cacheKeysId({ driver, keyTemplate }), { keyFraction, keys, atMs })
        break
      }
      case 'counters':
        this.counters = record.caches
        break
      case 'cache-client':
        if (this.cacheClients.has(record.clientId) || this.cacheClients.size < cacheClientsKept)
          this.cacheClients.set(record.clientId, record)
        break
      case 'sync-call':
        this.#addSyncCall(record.call)
        break
      case 'cpu-profile':
        if (this.profiles.length < profilesKept) this.profiles.push(record)
        break
      case 'heap':
        this.#addHeap(record)
        break
      case 'dropped':
        this.dropped += record.records
        break
    }
  }

  #addSample({ kind: _kind, ...sample }: RuntimeSample & { readonly kind: 'runtime' }): void {
    if (this.samples.length >= samplesKept) this.samples.shift()
    this.samples.push(sample)
  }

  #addHeap(heap: HeapRecord): void {
    const { profile: _profile, ...size } = heap
    const isFull = this.heaps.filter(({ profile }) => profile !== undefined).length >= heapProfilesKept
    if (this.heaps.length < heapsKept) this.heaps.push(isFull ? size : heap)
  }

  #addSyncCall(call: SyncCall): void {
    const key = `${call.name}\n${call.route ?? ''}\n${siteKey(call.site)}`
    const known = this.syncCalls.get(key)
    if (known === undefined && this.syncCalls.size >= syncCallsKept) return
    this.syncCalls.set(
      key,
      known
        ? {
            ...known,
            calls: known.calls + call.calls,
            totalMs: known.totalMs + call.totalMs,
            maxMs: Math.max(known.maxMs, call.maxMs),
          }
        : call,
    )
  }
}
