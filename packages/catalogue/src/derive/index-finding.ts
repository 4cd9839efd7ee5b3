/** What is said about an index that is missing: which statements it serves, by how much, and what it costs. */
import {
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  type IndexCandidate,
  type IndexTrial,
  investigate,
  type Outcome,
  pass,
  type PgEvidence,
  type StatementsEvidence,
  unknown,
} from '@whetstone/model'
import { btreeBytes } from './btree-bytes.ts'
import { tableOf } from './columns.ts'
import { bytesText, countText, excerpt, fact, msText } from './figures.ts'
import {
  type IndexAdvice,
  type IndexAdviceLimits,
  readIndexes,
  type ServedStatement,
  untriedOf,
} from './index-advice.ts'
import type { IndexQuestion } from './index-candidates.ts'
import { indexCost, type IndexCost } from './index-cost.ts'
import { indexOwners } from './index-limits.ts'
import { createIndexSql, proposalText } from './index-sql.ts'
import { indexStep } from './orm.ts'
import { isOwnCode, placeOf } from './places.ts'
import { fullScans, nodesOf, plansByStatement } from './plans.ts'
import { statementsById } from './statements.ts'

/** Each practice asks for and reports its own kind of index, judged beside all the others. */
export function indexOutcome(
  practice: keyof typeof indexOwners,
  pg: PgEvidence,
  statements: StatementsEvidence,
  limits: IndexAdviceLimits,
): Outcome {
  const reading = readIndexes(pg, statements, limits)
  const variant = indexOwners[practice]
  if (reading.kind === 'ask') {
    const own = reading.questions.filter(question => question.variant === variant)
    if (own.length === 0) return pass([], 'no statement calls for one')
    return investigate(
      own.map(({ candidate, together, statementIds }) => ({
        kind: 'index-trial' as const,
        candidate,
        statementIds,
        ...(together ? { together } : {}),
      })),
    )
  }
  const own = reading.advice.filter(({ question }) => question.variant === variant)
  if (own.length > 0) return findings(own.map(advice => indexFinding(practice, advice, pg, statements)))
  return nothingFound(
    reading.questions.filter(question => question.variant === variant),
    pg,
  )
}

/** Of what nobody planned nothing is known, and it does not pass. */
function nothingFound(questions: readonly IndexQuestion[], pg: PgEvidence): Outcome {
  if (questions.length === 0) return pass([], 'no statement calls for one')
  const untried = untriedOf(questions, pg).length
  const tried = questions.length - untried
  const all = `${countText(questions.length)} ${questions.length === 1 ? 'candidate' : 'candidates'}`
  const why = pg.unavailable['indexTrials']
  if (untried === 0) return pass([], `${all} planned, none of them pays here`)
  // Without a reason PostgreSQL cannot build the others at all, which is an answer.
  if (tried > 0 && why === undefined) return pass([], `${countText(tried)} of ${all} planned, none of them pays here`)
  return unknown(
    ['pg'],
    `${countText(untried)} of ${all} could not be planned${why ? `: ${why}` : ''}`,
    'whetstone diagnose --db "$DATABASE_URL"',
  )
}
function indexFinding(practice: string, advice: IndexAdvice, pg: PgEvidence, statements: StatementsEvidence): Finding {
  const { question, trial, cost, served } = advice
  const { candidate, together = [] } = question
  // A line people can change tells them more than the heavier one of a library that builds all SQL in one place.
  const first = served.find(({ statementId }) => isOwnCode(placeOf(statementId, statements).site)) ?? served[0]!
  const resource = proposalText(question)
  const table = tableOf(pg, `${candidate.schema}.${candidate.table}`)
  const timed = first.medianMsBefore !== undefined && first.medianMsAfter !== undefined
  const link = { statementId: first.statementId }
  const price = trial ? builtPrice(trial, cost) : unbuiltPrice([candidate, ...together], pg, statements)
  return {
    // The heaviest statement may change from run to run; the missing index does not.
    fingerprint: fingerprintOf(practice, { resource }),
    practice,
    title: titleOf(question, table?.rows ?? 0, {
      scan: scanOf(first.statementId, candidate.table, trial, pg),
      sorts: onlySorts(first.statementId, candidate, statements),
    }),
    where: { ...placeOf(first.statementId, statements), resource },
    facts: [
      ...(timed
        ? [
            fact('time without the index', first.medianMsBefore, 'ms', 'pg', link),
            fact('time with the index', first.medianMsAfter, 'ms', 'pg', link),
          ]
        : []),
      fact('plan cost without the index', first.costBefore, 'cost', 'pg', link),
      fact('plan cost with the index', first.costAfter, 'cost', 'pg', link),
      fact('rows of the table', table?.rows ?? 0, 'rows', 'pg', link),
      fact('statements it serves', served.length, 'count', 'pg', link),
      ...priceFacts(price, first.statementId),
    ],
    confidence: !trial ? 'suspected' : timed ? 'measured' : 'strong',
    edit: {
      kind: 'plan',
      statements: served.map(({ statementId, costBefore, costAfter, medianMsBefore, medianMsAfter }) => ({
        statementId,
        costBefore,
        costAfter,
        ...(medianMsBefore === undefined || medianMsAfter === undefined ? {} : { medianMsBefore, medianMsAfter }),
      })),
    },
    remedy: {
      summary: `Create an index on ${resource}.`,
      steps: stepsOf(advice, price, statements, table?.updates ?? 0),
      code: { language: 'sql', after: createAll([candidate, ...together], pg) },
    },
  }
}

export interface IndexPrice {
  readonly bytes?: number
  readonly buildMs?: number
  readonly cost?: IndexCost
}

function builtPrice({ indexBytes, buildMs }: IndexTrial, cost: IndexCost | undefined): IndexPrice {
  return {
    ...(indexBytes === undefined ? {} : { bytes: indexBytes }),
    ...(buildMs === undefined ? {} : { buildMs }),
    ...(cost ? { cost } : {}),
  }
}

/** Of what nobody built: the size is computed where all is plain columns of known widths. */
export function unbuiltPrice(
  candidates: readonly IndexCandidate[],
  pg: PgEvidence,
  statements: StatementsEvidence,
): IndexPrice {
  const sizes = candidates.map(({ schema, table: name, method, columns, include = [], where }) => {
    const table = tableOf(pg, `${schema}.${name}`)
    const isPlain = method === 'btree' && where === undefined && columns.every(one => one.expression === undefined)
    return table && isPlain ? btreeBytes(table.rows, [...columns.map(one => one.name), ...include], table) : undefined
  })
  const bytes = sizes.reduce((sum, each) => (sum === undefined || each === undefined ? undefined : sum + each), 0)
  const cost = indexCost(pg, statements, candidates)
  return { ...(bytes === undefined ? {} : { bytes }), ...(cost ? { cost } : {}) }
}

/** What it takes, beside what it gives. */
export function priceFacts({ bytes, buildMs, cost }: IndexPrice, statementId: string): readonly Fact[] {
  const link = { statementId }
  return [
    ...(bytes === undefined ? [] : [fact('size of the index', bytes, 'bytes', 'pg', link)]),
    ...(buildMs === undefined ? [] : [fact('time to build it', buildMs, 'ms', 'pg', link)]),
    ...(cost === undefined
      ? []
      : [
          fact('entries it would have cost in the window', cost.entries, 'count', 'pg', link),
          fact('rows written in the window', cost.rowsWritten, 'rows', 'pg', link),
        ]),
    ...(cost?.heapOnlyLost
      ? [fact('heap-only updates it would have ended', cost.heapOnlyLost, 'count', 'pg', link)]
      : []),
  ]
}

function createAll(candidates: readonly IndexCandidate[], pg: PgEvidence): string {
  const taken = pg.indexes.map(({ name }) => name)
  return candidates.map(candidate => createIndexSql(candidate, taken)).join('\n')
}

interface Reading {
  readonly scan: Scan
  readonly sorts: boolean
}
/** How the statement reaches the rows now. */
type Scan = { readonly kind: 'table' | 'condition' } | { readonly kind: 'whole-index'; readonly index: string }

/** Where no plan is known the table is taken to be read in full: that is what the question was asked for. */
function scanOf(statementId: string, table: string, trial: IndexTrial | undefined, pg: PgEvidence): Scan {
  const tried = (trial?.results ?? []).flatMap(result =>
    result.statementId === statementId && result.planBefore ? [result.planBefore] : [],
  )
  const roots = tried.length > 0 ? tried : (plansByStatement(pg).get(statementId) ?? []).map(({ root }) => root)
  if (roots.length === 0 || roots.some(root => fullScans(root, table).length > 0)) return { kind: 'table' }
  const reads = roots.flatMap(nodesOf).filter(({ relation }) => relation === table)
  const whole = reads.find(({ nodeType, indexCondition }) => /index/i.test(nodeType) && indexCondition === undefined)
  if (whole?.index !== undefined) return { kind: 'whole-index', index: whole.index }
  return { kind: reads.length === 0 ? 'table' : 'condition' }
}

function titleOf(
  { variant, candidate, together = [] }: IndexAdvice['question'],
  rows: number,
  { scan, sorts }: Reading,
): string {
  const { table, columns, method, include = [], where } = candidate
  const names = columns.map(({ name, expression }) => expression ?? name)
  const reads =
    scan.kind === 'whole-index'
      ? `All of the index ${scan.index} of ${table} is read (${countText(rows)} rows)`
      : `${table} is read in full (${countText(rows)} rows)`
  const tables = new Set([table, ...together.map(one => one.table)])
  if (tables.size > 1) return `${[...tables].join(' and ')} are all read in full to join a few of their rows`
  if (together.length > 0) {
    const others = together.map(({ columns: [first] }) => first?.expression ?? first?.name ?? '')
    return `${reads} because an OR asks for ${[...names, ...others].join(' or ')}`
  }
  if (method === 'gin') return `${reads} to search inside ${names[0]}`
  if (variant === 'foreign-key') return `${reads} to follow its foreign key ${names[0]}`
  if (where !== undefined) return `${table} (${countText(rows)} rows) has no index of the rows where ${where}`
  if (include.length > 0)
    return `${table} (${countText(rows)} rows) has no index on ${names.join(' and ')} that carries ${include.join(' and ')}`
  if (variant === 'composite')
    return `${table} (${countText(rows)} rows) has no index on ${names.join(' and ')} together`
  if (scan.kind === 'condition' && !sorts)
    return `${table} (${countText(rows)} rows) has no index on ${names.join(' and ')}`
  return `${reads} to ${sorts ? 'sort' : 'find rows'} by ${names[0]}`
}

/** The statement orders by the column and has no condition on it. */
function onlySorts(
  statementId: string,
  { table, columns }: IndexAdvice['question']['candidate'],
  statements: StatementsEvidence,
): boolean {
  const shape = statementsById(statements).get(statementId)?.shape
  const isFirst = (one: { readonly table: string; readonly column: string }) =>
    one.column === columns[0]?.name && one.table.split('.').at(-1) === table
  return shape !== undefined && shape.orderBy.some(isFirst) && !shape.conditions.some(isFirst)
}

/** A finding is read by somebody: the heaviest statements tell what it is about. */
const MOST_STATEMENTS_TOLD = 5

function stepsOf(
  { trial, served }: IndexAdvice,
  price: IndexPrice,
  statements: StatementsEvidence,
  updates: number,
): readonly string[] {
  const byId = statementsById(statements)
  const told = served.slice(0, MOST_STATEMENTS_TOLD).map(one => {
    const text = `"${excerpt(byId.get(one.statementId)?.text ?? one.statementId, 110)}"`
    return trial ? `${text}: ${gainText(one)}.` : `It would serve ${text}.`
  })
  const more = served.length - told.length
  return [
    ...told,
    ...(more > 0 ? [`It serves ${countText(more)} more.`] : []),
    ...(trial ? [] : ['It could not be planned here: compare EXPLAIN before and after on a copy first.']),
    ...priceText(price),
    'CONCURRENTLY does not block writes; run it outside a transaction, and drop the invalid index if it is interrupted.',
    ...declareSteps(
      served.map(({ statementId }) => statementId),
      statements,
    ),
    ...(updates > 0 && price.cost === undefined
      ? ['The table is updated: updates of an indexed column can no longer be heap-only.']
      : []),
  ]
}

/** In the words of the first ORM that issues one of them. */
export function declareSteps(statementIds: readonly string[], statements: StatementsEvidence): readonly string[] {
  const byId = statementsById(statements)
  const step = statementIds.map(id => indexStep(byId.get(id)?.issuedBy)).find(text => text !== undefined)
  return step === undefined ? [] : [step]
}

function gainText({ medianMsBefore, medianMsAfter, costBefore, costAfter, parameterSets }: ServedStatement): string {
  const gain =
    medianMsBefore === undefined || medianMsAfter === undefined
      ? `plan cost ${countText(Math.round(costBefore))} became ${countText(Math.round(costAfter))}`
      : `${msText(medianMsBefore)} became ${msText(medianMsAfter)}`
  return `${gain}, tried with ${parameterSets > 0 ? `${countText(parameterSets)} captured parameter sets` : 'the generic plan'}`
}

export function priceText({ bytes, buildMs, cost }: IndexPrice): readonly string[] {
  const size = bytes === undefined ? '' : `It takes ${buildMs === undefined ? 'about ' : ''}${bytesText(bytes)}`
  const build = buildMs === undefined ? '' : `${size ? ' and ' : 'It takes '}${msText(buildMs)} to build`
  const price = size + build
  if (!cost) return price ? [`${price}.`] : []
  const writes =
    cost.entries === 0
      ? 'nothing written in the window would have cost it an entry'
      : `the ${countText(cost.rowsWritten)} rows written in the window would have cost ${countText(cost.entries)} entries, about ${msText(cost.writeMs)}`
  const lost =
    cost.heapOnlyLost > 0
      ? [`${countText(cost.heapOnlyLost)} updates stayed on their page and would need new entries in every index.`]
      : []
  return [`${price ? `${price}; ${writes}` : sentence(writes)}.`, ...lost]
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
