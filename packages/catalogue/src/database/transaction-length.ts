/** Transactions that lie open while the service calls somebody else, or does nothing with the database. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  type Outcome,
  pass,
  placeText,
  type RuntimeEvidence,
  type Site,
  type Span,
  type StatementsEvidence,
  type TracesEvidence,
} from '@whetstone/model'
import { median } from '@whetstone/stats'
import { countText, excerpt, fact, msText, percentText } from '../derive/figures.ts'
import { siteOf, statementsById } from '../derive/statements.ts'
import { filledMs, type Gap, readTransactions, type TransactionReading } from '../derive/transactions.ts'

export const transactionLength = definePractice({
  id: 'transaction-length',
  chapter: 'database',
  title: 'Keep transactions short',
  why: 'From its first write until COMMIT a transaction keeps rows locked and a connection busy, also while the service talks to somebody else; whoever needs the same row waits just as long, and when the other service hangs, so does the database.',
  unless: [
    'The work between has to be undone together with the rows, and nobody else ever needs them meanwhile.',
    'The rows are locked on purpose until the outside answer is there: then set a deadline for it, shorter than anybody waits.',
  ],
  sources: [
    'https://www.postgresql.org/docs/current/mvcc.html',
    'https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-IDLE-IN-TRANSACTION-SESSION-TIMEOUT',
    'https://microservices.io/patterns/data/transactional-outbox.html',
  ],
  needs: ['traces', 'statements'],
  optional: ['runtime'],
  thresholds: {
    transactions: { value: 5, unit: 'count', source: 'fewer sampled transactions may be chance' },
    callMs: { value: 5, unit: 'ms', source: 'a shorter call is one to the same machine and holds nothing up' },
    idleMs: { value: 20, unit: 'ms', source: 'PgHero calls a statement of 20 ms slow; a pause as long holds as much' },
    lengthMs: { value: 100, unit: 'ms', source: 'half of the 200 ms a request may take' },
    busyFraction: { value: 0.5, unit: 'fraction', source: 'below it the database waits longer than it works' },
    loopBusyFraction: {
      value: 0.7,
      unit: 'fraction',
      source: 'above 70 % utilisation queues form: pauses then belong to the event loop',
    },
  },
  remedy: {
    summary: 'Ask others before BEGIN or after COMMIT; put what must follow a commit into an outbox row.',
    library: '@whetstone/runtime/data tx(): one deadline for the transaction, ROLLBACK on every way out',
    example: {
      language: 'ts',
      before: `await client.query('BEGIN')
await client.query('UPDATE orders SET status = $1 WHERE id = $2', ['paying', id])
const receipt = await fetch(payments, { method: 'POST' })   // the row stays locked
await client.query('UPDATE orders SET status = $1 WHERE id = $2', ['paid', id])
await client.query('COMMIT')`,
      after: `const receipt = await fetch(payments, { method: 'POST', headers: { 'idempotency-key': id } })
await client.query('BEGIN')
await client.query('UPDATE orders SET status = $1 WHERE id = $2', ['paid', id])
await client.query('COMMIT')`,
    },
  },
  detect({ traces, statements, runtime }, thresholds) {
    const transactions = readTransactions(traces, statements)
    if (transactions.length === 0) return notApplicable('no request holds a transaction over several statements')
    const isLoopBusy = runtime !== undefined && loopBusy(runtime) >= thresholds.loopBusyFraction
    const found = new Map<string, Finding>()
    for (const group of groupsOf(transactions)) {
      if (group.length < thresholds.transactions) continue
      const calling = withCalls(group, thresholds.callMs)
      const finding =
        calling !== undefined
          ? describeCall(calling, statements, traces)
          : isLoopBusy
            ? undefined
            : describeIdle(group, thresholds, statements, traces)
      if (finding !== undefined && !found.has(finding.fingerprint)) found.set(finding.fingerprint, finding)
    }
    return found.size > 0 ? findings([...found.values()]) : passed(transactions)
  },
})

function passed(transactions: readonly TransactionReading[]): Outcome {
  const totalMs = transactions.reduce((sum, { durationMs }) => sum + durationMs, 0)
  const idleFraction = transactions.reduce((sum, { idleMs }) => sum + idleMs, 0) / Math.max(1e-9, totalMs)
  const longestMs = Math.max(...transactions.map(({ durationMs }) => durationMs))
  const longestIdleMs = Math.max(...transactions.map(({ idleMs }) => idleMs))
  return pass(
    [
      fact('longest sampled transaction', longestMs, 'ms', 'traces'),
      fact('between its statements, at most', longestIdleMs, 'ms', 'traces'),
      fact('of the time of all, between statements', idleFraction, 'fraction', 'traces'),
    ],
    `the longest of ${countText(transactions.length)} sampled transactions took ${msText(longestMs)}; ${percentText(idleFraction)} of their time passed between statements, at most ${msText(longestIdleMs)} in one`,
  )
}

/** Transactions of one route that begin with the same two statements: the same code. */
function groupsOf(transactions: readonly TransactionReading[]): readonly TransactionReading[][] {
  const groups = new Map<string, TransactionReading[]>()
  for (const one of transactions) {
    const key = `${one.route.route} ${one.spans[1]?.statementId}`
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return [...groups.values()]
}

/** Mean share of the time that the event loop of the busiest process was at work. */
function loopBusy({ processes }: RuntimeEvidence): number {
  const means = processes.map(({ samples }) =>
    samples.length === 0 ? 0 : samples.reduce((sum, one) => sum + one.eventLoopUtilisationFraction, 0) / samples.length,
  )
  return Math.max(0, ...means)
}

interface Calling {
  readonly group: readonly TransactionReading[]
  readonly call: Span
  readonly after: Span
  /** Median over the transactions that hold it. */
  readonly callMs: number
  readonly count: number
}

/** The heaviest call that fills a pause of most of the transactions. */
function withCalls(group: readonly TransactionReading[], leastMs: number): Calling | undefined {
  const byCall = new Map<string, { call: Span; after: Span; ms: number[] }>()
  for (const { gaps } of group) {
    const here = new Map<string, { call: Span; after: Span; ms: number }>()
    for (const gap of gaps) {
      for (const call of gap.calls) {
        const known = here.get(call.name)
        here.set(call.name, { call, after: gap.after, ms: (known?.ms ?? 0) + filledMs(gap, [call]) })
      }
    }
    for (const [name, { call, after, ms }] of here) {
      const known = byCall.get(name) ?? { call, after, ms: [] }
      known.ms.push(ms)
      byCall.set(name, known)
    }
  }
  const [heaviest] = [...byCall.values()]
    .filter(({ ms }) => ms.length * 2 > group.length && median(ms) >= leastMs)
    .toSorted((a, b) => median(b.ms) - median(a.ms))
  return (
    heaviest && {
      group,
      call: heaviest.call,
      after: heaviest.after,
      callMs: median(heaviest.ms),
      count: heaviest.ms.length,
    }
  )
}

function describeCall(
  { group, call, after, callMs, count }: Calling,
  statements: StatementsEvidence,
  traces: TracesEvidence,
): Finding {
  const { route, trace } = group[0]!
  const site = call.site ?? siteOf(route.route, after.statementId ?? '', statements, traces)
  const where = { route: route.route, resource: 'transaction', ...(site ? { site } : {}) }
  const lengthMs = median(group.map(({ durationMs }) => durationMs))
  const peer = call.host ?? call.name
  const since = sinceText(after, route.route, statements, traces)
  return {
    fingerprint: fingerprintOf('transaction-length', where),
    practice: 'transaction-length',
    title: `A call to ${peer} holds a transaction open for ${msText(callMs)}`,
    where,
    facts: [
      fact('the call inside the transaction', callMs, 'ms', 'traces', { traceId: trace.id }),
      fact('length of the transaction', lengthMs, 'ms', 'traces', { traceId: trace.id }),
      fact('share of the transaction', Math.min(1, callMs / Math.max(1e-9, lengthMs)), 'fraction', 'traces'),
      fact('sampled transactions with it', count, 'count', 'traces'),
    ],
    confidence: 'strong',
    // A peer that hangs keeps every row and connection that such a transaction holds.
    risk: 'outage',
    remedy: {
      summary: `Call ${peer} before BEGIN, or after COMMIT by way of an outbox.`,
      steps: [
        `${placeText(call.site) === undefined ? 'The call' : `The call at ${placeText(call.site)}`} runs between BEGIN and COMMIT${since}: rows and a connection stay taken until ${peer} answers.`,
        'What the call needs to know is read before BEGIN; what it returned is written in one short transaction after it.',
        'Where it may only happen once the rows are committed, insert a row into an outbox table in the transaction and let a worker make the call; give it an idempotency key.',
        `Until then: a timeout on the call, and SET idle_in_transaction_session_timeout to little more than that.`,
      ],
      code: {
        language: 'ts',
        before: `await client.query('BEGIN')\n…\nawait fetch('http://${peer}…')\n…\nawait client.query('COMMIT')`,
        after: `const answer = await fetch('http://${peer}…', { signal: AbortSignal.timeout(2_000) })\nawait client.query('BEGIN')\n…                       // nothing but statements\nawait client.query('COMMIT')`,
      },
    },
  }
}

function sinceText(after: Span, route: string, statements: StatementsEvidence, traces: TracesEvidence): string {
  const text = statementsById(statements).get(after.statementId ?? '')?.text
  const place = placeText(after.site ?? siteOf(route, after.statementId ?? '', statements, traces))
  return text === undefined ? '' : `, after \`${excerpt(text, 60)}\`${place === undefined ? '' : ` (${place})`}`
}

function describeIdle(
  group: readonly TransactionReading[],
  thresholds: { readonly lengthMs: number; readonly busyFraction: number; readonly idleMs: number },
  statements: StatementsEvidence,
  traces: TracesEvidence,
): Finding | undefined {
  const long = group.filter(
    ({ durationMs, idleMs }) => durationMs >= thresholds.lengthMs && 1 - idleMs / durationMs < thresholds.busyFraction,
  )
  // Half of them: what strikes one in twenty is the machine's noise as often as the code.
  if (long.length * 2 < group.length) return undefined
  const pauses = long.map(({ gaps }) => longestOf(gaps)).filter(gap => gap !== undefined)
  const usual = mostCommon(pauses.map(({ after }) => after.statementId ?? ''))
  const same = pauses.filter(({ after }) => (after.statementId ?? '') === usual)
  const [gap] = same
  if (gap === undefined || same.length * 2 < long.length) return undefined
  const pauseMs = median(same.map(({ durationMs }) => durationMs))
  if (pauseMs < thresholds.idleMs) return undefined
  const elsewhere = median(same.map(one => filledMs(one, one.elsewhere) / one.durationMs)) >= 0.5
  const { route, trace } = long[0]!
  const lengthMs = median(long.map(({ durationMs }) => durationMs))
  const busyFraction = median(long.map(({ durationMs, idleMs }) => 1 - idleMs / durationMs))
  const site: Site | undefined = gap.after.site ?? siteOf(route.route, gap.after.statementId ?? '', statements, traces)
  const where = { route: route.route, resource: 'transaction', ...(site ? { site } : {}) }
  return {
    fingerprint: fingerprintOf('transaction-length', where),
    practice: 'transaction-length',
    title: `Transactions last ${msText(lengthMs)}, of which the database works ${percentText(busyFraction)}`,
    where,
    facts: [
      fact('length of the transaction', lengthMs, 'ms', 'traces', { traceId: trace.id }),
      fact('pause between two statements', pauseMs, 'ms', 'traces', { traceId: trace.id }),
      fact('share of it the database works', busyFraction, 'fraction', 'traces'),
      fact('sampled transactions like it', long.length, 'count', 'traces'),
    ],
    confidence: 'strong',
    remedy: {
      summary: elsewhere
        ? 'Run all statements of the transaction on its own connection.'
        : 'Move what is not SQL out of the transaction.',
      steps: [
        `The longest pause, ${msText(pauseMs)}, comes after the statement${site?.[0] ? ` at ${placeText(site)}` : ''}${sinceText(gap.after, route.route, statements, traces)}.`,
        elsewhere
          ? 'Meanwhile the request asks the pool for a second connection: under load every connection can end up held by a transaction that waits for another one.'
          : `No call and no other statement shows in it: computing, a timer, a file or another store. Do that before BEGIN; ${countText(long.length)} sampled transactions did not.`,
        'Locks taken before the pause are held through it.',
      ],
      code: elsewhere
        ? {
            language: 'ts',
            before: 'await client.query(first)\nawait pool.query(second)  // another connection',
            after: 'await client.query(first)\nawait client.query(second)',
          }
        : {
            language: 'ts',
            before:
              "await client.query('BEGIN')\nawait client.query(first)\nawait prepare()\nawait client.query(second)",
            after:
              "await prepare()\nawait client.query('BEGIN')\nawait client.query(first)\nawait client.query(second)",
          },
    },
  }
}

function longestOf(gaps: readonly Gap[]): Gap | undefined {
  return gaps.toSorted((a, b) => b.durationMs - a.durationMs)[0]
}

function mostCommon(names: readonly string[]): string | undefined {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0]
}
