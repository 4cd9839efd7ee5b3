/** What was seen inside the service, by the probe, by OpenTelemetry or by both. A source that saw nothing gives no evidence: an empty list would read as "nothing happens there". */
import type {
  CountersEvidence,
  CpuProfileEvidence,
  HeapProfileEvidence,
  RuntimeEvidence,
  StatementsEvidence,
  StatementUse,
  TracesEvidence,
} from '@whetstone/model'

export interface TracedEvidence {
  readonly traces: TracesEvidence
  readonly statements: StatementsEvidence
}

export interface ProbedEvidence extends TracedEvidence {
  readonly runtime: RuntimeEvidence
  readonly counters?: CountersEvidence
  readonly 'cpu-profile': CpuProfileEvidence
  readonly 'heap-profile'?: HeapProfileEvidence
}

export function seenInside(
  probe: ProbedEvidence | undefined,
  otlp: TracedEvidence | undefined,
): Partial<ProbedEvidence> {
  const traced = [probe, otlp].filter(sawSomething)
  const [first, second] = traced
  return {
    ...(first ? (second ? both(first, second) : { traces: first.traces, statements: first.statements }) : {}),
    ...(probe && probe.runtime.processes.length > 0 ? { runtime: probe.runtime } : {}),
    ...(probe?.counters?.caches.length ? { counters: probe.counters } : {}),
    ...(probe && probe['cpu-profile'].profiles.length > 0 ? { 'cpu-profile': probe['cpu-profile'] } : {}),
    ...(probe?.['heap-profile']?.processes.length ? { 'heap-profile': probe['heap-profile'] } : {}),
  }
}

function sawSomething(evidence: TracedEvidence | undefined): evidence is TracedEvidence {
  if (evidence === undefined) return false
  const { traces, statements } = evidence
  return traces.routes.length > 0 || statements.uses.length > 0 || (traces.cache?.uses.length ?? 0) > 0
}

/** A service may carry the probe and an SDK: a route that the probe knows is taken from it alone, or each of its requests would count twice. */
function both(probe: TracedEvidence, otlp: TracedEvidence): TracedEvidence {
  const probed = new Set([
    ...probe.traces.routes.map(({ route }) => route),
    ...probe.statements.uses.map(({ route }) => route),
  ])
  const added = <Placed extends Pick<StatementUse, 'route'>>(list: readonly Placed[]) =>
    list.filter(({ route }) => !probed.has(route))
  const known = new Set(probe.statements.statements.map(({ id }) => id))
  const uses = added(otlp.statements.uses)
  const used = new Set(uses.map(({ statementId }) => statementId))
  return {
    traces: {
      schema: 'traces@1',
      source: 'both',
      routes: [...probe.traces.routes, ...added(otlp.traces.routes)],
      traces: [...probe.traces.traces, ...added(otlp.traces.traces)],
      dropped: probe.traces.dropped + otlp.traces.dropped,
      ...(probe.traces.cache ? { cache: probe.traces.cache } : {}),
    },
    statements: {
      schema: 'statements@1',
      statements: [
        ...probe.statements.statements,
        ...otlp.statements.statements.filter(({ id }) => used.has(id) && !known.has(id)),
      ],
      uses: [...probe.statements.uses, ...uses],
      overflowed: probe.statements.overflowed + otlp.statements.overflowed,
      ...(probe.statements.reads ? { reads: probe.statements.reads } : {}),
    },
  }
}
