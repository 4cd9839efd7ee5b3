/** Keeps the evidence on which a detector reported, cut down to what the detector reads, so that the proof fits beside the practice. */
import { isDeepStrictEqual } from 'node:util'
import type { AnyPractice, Evidence, EvidenceKind, Finding, Outcome, PgEvidence, RouteName } from '@whetstone/model'

export interface Recording {
  readonly practice: string
  /** What ran when it was recorded, in words. */
  readonly recordedFrom: string
  readonly evidence: Evidence
  /** Titles of the findings of this practice on this evidence, at its default thresholds. */
  readonly findings: readonly string[]
  /** Of a practice that makes no findings: what its row of the coverage says instead. */
  readonly row?: RecordedRow
}

export interface RecordedRow {
  readonly kind: Outcome['kind']
  readonly text: string
}

/** A file that a person can still look through. */
export const mostRecordedBytes = 60_000

/** Undefined when the practice finds nothing. @throws Error when what it reads cannot be cut to `mostRecordedBytes` */
export function recordingOf(evidence: Evidence, practice: AnyPractice, recordedFrom: string): Recording | undefined {
  const findings = titlesOf(evidence, practice)
  if (findings.length === 0) return undefined
  const recording = { practice: practice.id, recordedFrom, evidence: trimEvidence(evidence, practice), findings }
  const bytes = bytesOf(recording)
  if (bytes > mostRecordedBytes)
    throw new Error(`${practice.id}: the recording has ${bytes} bytes, more than ${mostRecordedBytes}`)
  return recording
}

/** What it finds, or, where its thresholds want more than a sandbox shows, what its row says. */
export function keptOf(evidence: Evidence, practice: AnyPractice, recordedFrom: string): Recording | undefined {
  return recordingOf(evidence, practice, recordedFrom) ?? rowRecordingOf(evidence, practice, recordedFrom)
}

/** As `recordings` are kept on disk. */
export function recordingText(recording: Recording): string {
  return `${JSON.stringify(recording)}\n`
}

/** The titles a practice gives its findings, as the loop would hear them. */
export function titlesOf(evidence: Evidence, practice: AnyPractice): readonly string[] {
  return findingsOf(evidence, practice).map(({ title }) => title)
}

/**
 * What the row of a practice says on the evidence of a saved run; undefined where it lacks what it needs, for that says
 * nothing of the detector. @throws Error when what it reads cannot be cut to `mostRecordedBytes`
 */
export function rowRecordingOf(evidence: Evidence, practice: AnyPractice, recordedFrom: string): Recording | undefined {
  const row = rowOf(evidence, practice)
  if (!row) return undefined
  const recording = {
    practice: practice.id,
    recordedFrom,
    evidence: trimmed(evidence, practice, cut => isDeepStrictEqual(rowOf(cut, practice), row)),
    findings: [],
    row,
  }
  const bytes = bytesOf(recording)
  if (bytes > mostRecordedBytes)
    throw new Error(`${practice.id}: the recording has ${bytes} bytes, more than ${mostRecordedBytes}`)
  return recording
}

export function rowOf(evidence: Evidence, practice: AnyPractice): RecordedRow | undefined {
  const outcome = outcomeOf(evidence, practice)
  switch (outcome?.kind) {
    case 'pass':
      return { kind: outcome.kind, text: outcome.note ?? '' }
    case 'ask':
      return { kind: outcome.kind, text: outcome.question }
    default:
      return undefined
  }
}

function findingsOf(evidence: Evidence, practice: AnyPractice): readonly Finding[] {
  const outcome = outcomeOf(evidence, practice)
  return outcome?.kind === 'finding' || outcome?.kind === 'investigate' ? (outcome.findings ?? []) : []
}

function outcomeOf(evidence: Evidence, practice: AnyPractice): Outcome | undefined {
  if (practice.needs.some(kind => !evidence[kind])) return undefined
  const thresholds = Object.fromEntries(Object.entries(practice.thresholds).map(([name, { value }]) => [name, value]))
  return practice.detect(evidence, thresholds, () => ({}))
}

/** Pure. A cut after which the detector would speak otherwise is not made. */
export function trimEvidence(evidence: Evidence, practice: AnyPractice): Evidence {
  const titles = titlesOf(evidence, practice)
  return trimmed(evidence, practice, cut => isDeepStrictEqual(titlesOf(cut, practice), titles))
}

function trimmed(evidence: Evidence, practice: AnyPractice, isSame: (cut: Evidence) => boolean): Evidence {
  let kept = evidence
  for (const cuts of always(practice)) kept = cuts.map(cut => cut(kept)).find(isSame) ?? kept
  for (const cuts of whenTooLarge(practice)) {
    // The rest of the file is its titles and where it is from.
    if (bytesOf(kept) <= mostRecordedBytes - 2_000) break
    kept = cuts.map(cut => cut(kept)).find(isSame) ?? kept
  }
  return kept
}

type Cut = (evidence: Evidence) => Evidence

/** One after another; of the cuts in a row the first that the detector does not notice. */
const always = (practice: AnyPractice): readonly (readonly Cut[])[] => [
  [onlyKinds([...practice.needs, ...(practice.optional ?? [])])],
  [rounded],
  [withoutProject],
  [withoutWarmUp],
  [tracesPerRoute(12), tracesPerRoute(24), tracesPerRoute(48)],
  [onlyUsedStatements],
  [parameterSets(4), parameterSets(8)],
  [onlyMentionedTables],
  [planPerStatement],
  [trialsWithoutPlans],
  [samplesOf(20), samplesOf(60)],
  [profileAbove(0.01), profileAbove(0.002)],
]

const whenTooLarge = (practice: AnyPractice): readonly (readonly Cut[])[] => [
  [withoutReads],
  [withoutReadsOfCache],
  [0, 1, 3, 7].map(others => onlyRoutes(practice, others)),
  [onlyUsedStatements],
  [onlyMentionedTables],
  [tracesPerRoute(3), tracesPerRoute(6)],
  [tracesPerRoute(1), fullestTracePerRoute],
  [parameterSets(0), parameterSets(2)],
  ...(practice.optional ?? []).map(kind => [without(kind)]),
  [samplesOf(3), samplesOf(8)],
]

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

function onlyKinds(kinds: readonly EvidenceKind[]): Cut {
  return evidence =>
    Object.fromEntries(Object.entries(evidence).filter(([kind]) => kinds.includes(kind as EvidenceKind)))
}

function without(kind: EvidenceKind): Cut {
  return ({ [kind]: _dropped, ...others }) => others
}

/** Six digits are more than any clock here is good for. */
const rounded: Cut = evidence =>
  JSON.parse(JSON.stringify(evidence), (_key, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value,
  ) as Evidence

/** Neither the folder it ran in nor its source text belongs into the repository. */
const withoutProject: Cut = ({ source, statements, ...others }) => ({
  ...others,
  ...(source ? { source: { ...source, root: '.', excerpts: {} } } : {}),
  ...(statements
    ? { statements: { ...statements, statements: statements.statements.map(({ rawText: _rawText, ...one }) => one) } }
    : {}),
})

const withoutWarmUp: Cut = ({ 'load-curve': load, ...others }) => ({
  ...others,
  ...(load
    ? {
        'load-curve': {
          ...load,
          steps: load.steps.filter(({ purpose }) => purpose === 'measure').map(step => ({ ...step, intervals: [] })),
        },
      }
    : {}),
})

function tracesPerRoute(most: number): Cut {
  return ({ traces, ...others }) => {
    if (!traces) return others
    const own = grouped(traces.traces, ({ route }) => route)
    return { ...others, traces: { ...traces, traces: own.flatMap(list => spread(list, most)) } }
  }
}

/** The first of a route may be the one request that had next to nothing to do. */
const fullestTracePerRoute: Cut = ({ traces, ...others }) => {
  if (!traces) return others
  const own = grouped(traces.traces, ({ route }) => route)
  const fullest = own.map(list => list.reduce((most, one) => (one.spans.length > most.spans.length ? one : most)))
  return { ...others, traces: { ...traces, traces: fullest } }
}

function grouped<T>(list: readonly T[], keyOf: (one: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>()
  for (const one of list) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one])
  return [...groups.values()]
}

/** Evenly over the whole list, in its order. */
function spread<T>(list: readonly T[], most: number): readonly T[] {
  if (list.length <= most) return list
  return Array.from({ length: most }, (_, at) => list[Math.floor((at * list.length) / most)]!)
}

const onlyUsedStatements: Cut = ({ statements, ...others }) => {
  if (!statements) return others
  const spans = others.traces?.traces.flatMap(trace => trace.spans) ?? []
  const used = new Set([...statements.uses, ...spans].map(({ statementId }) => statementId))
  const kept = statements.statements.filter(({ id }) => used.has(id))
  return { ...others, statements: { ...statements, statements: kept } }
}

/** Thousands of keys and times, which only caches are judged by. */
const withoutReads: Cut = ({ statements, ...others }) => {
  if (!statements) return others
  const { reads: _reads, ...kept } = statements
  return { ...others, statements: kept }
}

const withoutReadsOfCache: Cut = ({ traces, ...others }) => {
  if (!traces?.cache) return { ...others, ...(traces ? { traces } : {}) }
  const keys = traces.cache.keys.map(({ reads: _reads, ...kept }) => kept)
  return { ...others, traces: { ...traces, cache: { ...traces.cache, keys } } }
}

function parameterSets(most: number): Cut {
  return ({ statements, ...others }) => ({
    ...others,
    ...(statements
      ? {
          statements: {
            ...statements,
            // From the front: plans name a parameter set by its place.
            statements: statements.statements.map(one => ({ ...one, parameters: one.parameters.slice(0, most) })),
          },
        }
      : {}),
  })
}

const onlyMentionedTables: Cut = ({ pg, ...others }) => {
  if (!pg) return others
  const statements = others.statements?.statements ?? []
  const ids = new Set(statements.map(({ id }) => id))
  const names = new Set(statements.flatMap(({ shape }) => shape?.tables ?? []).map(name => name.split('.').at(-1)))
  const cut: PgEvidence = {
    ...pg,
    tables: pg.tables.filter(({ name }) => names.has(name)),
    indexes: pg.indexes.filter(({ table }) => names.has(table)),
    foreignKeys: pg.foreignKeys.filter(({ table, referencedTable }) => names.has(table) || names.has(referencedTable)),
    statements: pg.statements.filter(({ statementId }) => statementId !== undefined && ids.has(statementId)),
    plans: pg.plans.filter(({ statementId }) => ids.has(statementId)),
    indexTrials: pg.indexTrials.filter(({ candidate }) => names.has(candidate.table)),
  }
  return { ...others, pg: cut }
}

/** Of each kind the first. */
const planPerStatement: Cut = ({ pg, ...others }) => ({
  ...others,
  ...(pg
    ? {
        pg: {
          ...pg,
          plans: grouped(pg.plans, plan => `${plan.statementId}/${plan.kind}`).flatMap(([plan]) =>
            plan ? [plan] : [],
          ),
        },
      }
    : {}),
})

const trialsWithoutPlans: Cut = ({ pg, ...others }) => ({
  ...others,
  ...(pg
    ? {
        pg: {
          ...pg,
          indexTrials: pg.indexTrials.map(trial => ({
            ...trial,
            results: trial.results.map(({ planBefore: _before, planAfter: _after, ...result }) => result),
          })),
        },
      }
    : {}),
})

function samplesOf(most: number): Cut {
  return ({ runtime, host, ...others }) => ({
    ...others,
    ...(runtime
      ? {
          runtime: {
            ...runtime,
            processes: runtime.processes.map(one => ({ ...one, samples: spread(one.samples, most) })),
            syncCalls: runtime.syncCalls.slice(0, most),
          },
        }
      : {}),
    ...(host ? { host: { ...host, samples: spread(host.samples, most) } } : {}),
  })
}

/** Functions below that share of the busy samples are left out, unless one that stays is called through them. */
function profileAbove(fraction: number): Cut {
  return ({ 'cpu-profile': profile, ...others }) => ({
    ...others,
    ...(profile
      ? {
          'cpu-profile': {
            ...profile,
            profiles: profile.profiles.map(one => {
              const byId = new Map(one.nodes.map(node => [node.id, node]))
              const kept = new Set<number>([0])
              for (const node of one.nodes) {
                if (node.selfSamples < one.busySamples * fraction) continue
                for (let at = node.id as number | undefined; at !== undefined; at = byId.get(at)?.parentId) kept.add(at)
              }
              return { ...one, nodes: one.nodes.filter(({ id }) => kept.has(id)) }
            }),
          },
        }
      : {}),
  })
}

/** The routes of the findings and the heaviest of the others, from which they were to be told. */
function onlyRoutes(practice: AnyPractice, others: number): Cut {
  return evidence => {
    const { traces, statements, 'http-probe': probes, 'load-curve': load } = evidence
    const heavy: readonly RouteName[] = traces
      ? traces.routes.toSorted((a, b) => b.duration.sum - a.duration.sum).map(({ route }) => route)
      : [...new Set(probes?.probes.map(({ route }) => route))]
    const named = new Set(findingsOf(evidence, practice).flatMap(({ where }) => where.route ?? []))
    const kept = new Set([...named, ...heavy.filter(route => !named.has(route)).slice(0, others)])
    const own = <T extends { readonly route: RouteName }>(list: readonly T[]) =>
      list.filter(({ route }) => kept.has(route))
    return {
      ...evidence,
      ...(traces ? { traces: { ...traces, routes: own(traces.routes), traces: own(traces.traces) } } : {}),
      ...(statements ? { statements: { ...statements, uses: own(statements.uses) } } : {}),
      ...(probes ? { 'http-probe': { ...probes, probes: own(probes.probes) } } : {}),
      ...(load
        ? { 'load-curve': { ...load, steps: load.steps.map(step => ({ ...step, routes: own(step.routes) })) } }
        : {}),
    }
  }
}
