/** Runs every practice over the evidence: findings, coverage, and what is asked for before the second round. */
import {
  type AnyPractice,
  type CoverageRow,
  type Evidence,
  type EvidenceKind,
  type EvidenceRequest,
  factText,
  type Finding,
  type Outcome,
} from '@whetstone/model'

export interface PracticeSettings {
  /** By practice id: `off`, or thresholds to override. */
  readonly [practice: string]: 'off' | Readonly<Record<string, number>>
}

export interface Identified {
  readonly findings: readonly Finding[]
  readonly coverage: readonly CoverageRow[]
  readonly requests: readonly EvidenceRequest[]
}

/** Pure: the same evidence gives the same result. One broken practice is a `failed` row, never the end of the run. */
export function identify(
  evidence: Evidence,
  practices: readonly AnyPractice[],
  settings: PracticeSettings = {},
): Identified {
  const findings: Finding[] = []
  const coverage: CoverageRow[] = []
  const requests: EvidenceRequest[] = []
  for (const practice of practices) {
    if (settings[practice.id] === 'off') continue
    const outcome = judge(practice, evidence, settings)
    if (outcome.kind === 'finding') findings.push(...outcome.findings)
    if (outcome.kind === 'investigate') {
      requests.push(...outcome.requests)
      findings.push(...(outcome.findings ?? []))
    }
    coverage.push(coverageRow(practice, outcome))
  }
  return { findings, coverage, requests: distinct(requests) }
}

type Judgement = Outcome | { readonly kind: 'failed'; readonly error: string }

function judge(practice: AnyPractice, evidence: Evidence, settings: PracticeSettings): Judgement {
  const missing = practice.needs.filter(kind => !evidence[kind])
  if (missing.length === 1 && missing[0] === 'pg' && usesNoDatabase(evidence))
    return { kind: 'not-applicable', why: 'no request ran a statement' }
  if (missing.length > 0) return { kind: 'unknown', missing, why: `needs ${missing.join(' and ')}` }
  const overrides = (id: string) => overridesOf(settings[id])
  const thresholds = Object.fromEntries(Object.entries(practice.thresholds).map(([name, { value }]) => [name, value]))
  try {
    return practice.detect(evidence, { ...thresholds, ...overrides(practice.id) }, overrides)
  } catch (error) {
    return { kind: 'failed', error: error instanceof Error ? error.message : String(error) }
  }
}

/** The probe followed the requests and they asked no PostgreSQL: to be told to name one would only annoy. Traces of others may lack the statements. */
function usesNoDatabase({ traces, statements, runtime }: Evidence): boolean {
  if (!traces || !statements || !runtime) return false
  return traces.traces.length > 0 && statements.uses.length === 0
}

/** A practice that is off still owns its causes: silencing it must not bring them back under another name. */
function overridesOf(setting: PracticeSettings[string] | undefined): Readonly<Record<string, number>> {
  return setting === undefined || setting === 'off' ? {} : setting
}

function coverageRow(practice: AnyPractice, outcome: Judgement): CoverageRow {
  const row = { practice: practice.id, chapter: practice.chapter, title: practice.title }
  switch (outcome.kind) {
    case 'finding':
      return outcome.findings.length > 0
        ? { ...row, state: 'finding', note: outcome.findings.map(finding => finding.title).join('; ') }
        : { ...row, state: 'pass', note: 'nothing found' }
    case 'investigate':
      return (outcome.findings ?? []).length > 0
        ? { ...row, state: 'finding', note: (outcome.findings ?? []).map(finding => finding.title).join('; ') }
        : { ...row, state: 'unknown', ...unanswered(outcome.requests, practice.needs) }
    case 'pass':
      return {
        ...row,
        state: 'pass',
        note: outcome.note ?? (outcome.because.map(factText).join(', ') || 'in place'),
      }
    case 'not-applicable':
      return { ...row, state: 'not-applicable', note: outcome.why }
    case 'ask':
      return { ...row, state: 'ask', note: outcome.question }
    case 'unknown':
      return {
        ...row,
        state: 'unknown',
        note: outcome.why,
        missing: outcome.missing,
        give: outcome.give ?? giveFor(outcome.missing),
      }
    case 'failed':
      return { ...row, state: 'failed', note: `the check failed: ${outcome.error}` }
  }
}

/** What to type so that the evidence exists next time. */
const give: Readonly<Partial<Record<EvidenceKind, string>>> = {
  pg: '--db "$DATABASE_URL"',
  redis: '--redis redis://127.0.0.1:6379',
  traces: 'whetstone diagnose -- <command>, or --otlp :4318',
  statements: 'whetstone diagnose -- <command>, or --otlp :4318',
  counters: 'whetstone diagnose -- <command> (Node)',
  runtime: 'whetstone diagnose -- <command> (Node)',
  'cpu-profile': 'whetstone diagnose -- <command> (Node)',
  'heap-profile': 'whetstone diagnose -- <command> (Node)',
  drills: 'whetstone diagnose -- <command>',
  source: 'whetstone diagnose -- <command>',
}

function giveFor(missing: readonly EvidenceKind[]): string {
  return [...new Set(missing.map(kind => give[kind] ?? 'measure again'))].join('; ')
}

/** Drills are carried out only where they were allowed, each by its name. */
function unanswered(requests: readonly EvidenceRequest[], needs: readonly EvidenceKind[]) {
  const drills = requests.flatMap(({ kind }) => (kind === 'cache-failure' || kind === 'cache-stampede' ? [kind] : []))
  return drills.length > 0
    ? {
        note: 'only a drill shows it, and that is carried out where it is allowed',
        give: [...new Set(drills)].map(name => `--drill ${name}`).join(' '),
      }
    : { note: 'what it asked for could not be gathered', give: giveFor(needs) }
}

function distinct(requests: readonly EvidenceRequest[]): EvidenceRequest[] {
  return [...new Map(requests.map(request => [JSON.stringify(request), request])).values()]
}
