/** What all processes of the service reported, as the evidence that practices read. */
import type {
  CountersEvidence,
  CpuProfileEvidence,
  HeapProfileEvidence,
  RuntimeEvidence,
  Site,
  Span,
  Statement,
  StatementsEvidence,
  TracesEvidence,
} from '@whetstone/model'
import { mapSite } from '../source-map.ts'
import { CacheUseTotals, mergedCacheKeys, mergedClients } from './cache-totals.ts'
import { foldHeap } from './fold-heap.ts'
import { foldProfile } from './fold-profile.ts'
import { KeptTraces } from './kept-traces.ts'
import { ReadTotals } from './merged-reads.ts'
import { pairKey, RouteTotals, UseTotals } from './merged-uses.ts'
import type { ProcessRecords } from './process-records.ts'
import type { RegisteredRoute } from './receiver.ts'

export interface ProbeEvidence {
  readonly traces: TracesEvidence
  /** `shape` is added by whoever has PostgreSQL's parser. */
  readonly statements: StatementsEvidence
  readonly runtime: RuntimeEvidence
  readonly counters: CountersEvidence
  readonly 'cpu-profile': CpuProfileEvidence
  readonly 'heap-profile': HeapProfileEvidence
}

export function evidenceOf(
  processes: readonly ProcessRecords[],
  statements: readonly Omit<Statement, 'shape'>[],
  registered: readonly RegisteredRoute[],
): ProbeEvidence {
  const routes = new RouteTotals()
  const uses = new UseTotals()
  const reads = new ReadTotals()
  const cacheReads = new ReadTotals()
  const traces = new KeptTraces()
  const cacheUses = new CacheUseTotals()
  for (const process of processes) {
    routes.merge(process.routes)
    uses.merge(process.uses)
    reads.merge(process.reads)
    cacheReads.merge(process.cacheReads)
    traces.merge(process.traces)
    cacheUses.merge(process.cacheUses)
  }
  const placedUses = uses.list()
  const siteByPair = new Map(placedUses.map(use => [pairKey(use), use.site]))
  const placed = (route: string, span: Span): Span => {
    const site = span.site ?? (span.statementId && siteByPair.get(pairKey({ route, statementId: span.statementId })))
    return site ? { ...span, site } : span
  }
  const siteByRoute = new Map(registered.map(route => [`${route.method} ${route.pattern}`, route.site]))
  const siteOf = (route: string): Site | undefined => {
    const site = siteByRoute.get(route)
    return site && mapSite(site)
  }
  return {
    traces: {
      schema: 'traces@1',
      source: 'probe',
      routes: routes.list(siteOf),
      traces: traces.list().map(trace => ({
        ...trace,
        spans: trace.spans.map(span => withMappedSite(placed(trace.route, span))),
      })),
      dropped: sum(processes.map(process => process.dropped)),
      cache: {
        uses: cacheUses.list().map(withMappedSite),
        keys: mergedCacheKeys(
          processes.map(process => [...process.cacheKeys.values()]),
          cacheReads.inOrder(),
        ).map(keys => ({ ...keys, loads: withMappedSite(keys.loads) })),
        servers: mergedClients(
          processes.flatMap(process => [...process.cacheClients.values()].map(({ client }) => client)),
        ).map(withMappedSite),
        overflowed: sum(processes.map(process => process.cacheOverflowed)),
      },
    },
    statements: {
      schema: 'statements@1',
      statements,
      uses: placedUses.map(withMappedSite),
      overflowed: sum(processes.map(process => process.statementsOverflowed)),
      reads: [...reads.inOrder()].map(([statementId, own]) => ({ statementId, ...own })),
    },
    runtime: {
      schema: 'runtime@1',
      processes: processes.map(({ hello, samples, pools }) => ({
        pid: hello.pid,
        node: hello.node,
        samples,
        pools: [...pools.values()].map(withMappedSite),
      })),
      syncCalls: processes.flatMap(process => [...process.syncCalls.values()]).map(withMappedSite),
    },
    counters: { schema: 'counters@1', caches: processes.flatMap(({ counters }) => counters) },
    'cpu-profile': {
      schema: 'cpu-profile@1',
      profiles: processes.flatMap(({ hello, profiles }) =>
        profiles.flatMap(profile => foldProfile(hello, profile) ?? []),
      ),
    },
    'heap-profile': {
      schema: 'heap-profile@1',
      processes: processes.flatMap(({ hello, heaps }) => foldHeap(hello, heaps) ?? []),
    },
  }
}

function withMappedSite<Placed extends { readonly site?: Site }>(placed: Placed): Placed {
  return placed.site ? { ...placed, site: mapSite(placed.site) } : placed
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
