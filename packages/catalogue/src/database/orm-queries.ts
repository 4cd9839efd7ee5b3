/** Requests for which a mapper runs many different queries that no single loop explains. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type Span,
  type Statement,
  type Trace,
} from '@whetstone/model'
import { median } from '@whetstone/stats'
import { countText, excerpt, fact, percentText } from '../derive/figures.ts'
import { isMapper, type OrmAdvice, ormAdvice } from '../derive/orm.ts'
import { readRoutes, type RouteReading } from '../derive/routes.ts'
import { coveredMs } from '../derive/spans.ts'
import { siteOf, statementsById, workOf } from '../derive/statements.ts'

export const ormQueries = definePractice({
  id: 'orm-queries',
  chapter: 'database',
  title: 'Keep an eye on what your ORM asks',
  why: 'A mapper turns property reads and nested includes into statements nobody wrote, so a handler of ten lines may ask the database forty different questions.',
  unless: ['The request is an import or a report that really needs all of them.'],
  sources: [
    'https://www.prisma.io/docs/orm/prisma-client/queries/query-optimization-performance',
    'https://github.com/sequelize/sequelize/issues/10770',
  ],
  needs: ['traces', 'statements'],
  thresholds: {
    different: { value: 15, unit: 'count', source: 'more different statements than a screen of code shows' },
    timeFraction: { value: 0.2, unit: 'fraction', source: 'a fifth of the request, so that asking less is felt' },
    requestFraction: {
      value: 0.5,
      unit: 'fraction',
      source: 'in most requests of the route it is the way it is written',
    },
  },
  remedy: {
    summary:
      'Log the statements of this route once, load its relations together, and drop those it does not answer with.',
    example: {
      language: 'ts',
      before: `const order = await Order.findByPk(id)
const customer = await order.getCustomer()
const address = await customer.getAddress()`,
      after: `const order = await Order.findByPk(id, { include: [{ model: Customer, include: [Address] }] })`,
    },
  },
  detect({ traces, statements }, thresholds) {
    const byId = statementsById(statements)
    const mapped = statements.statements.filter(({ issuedBy }) => isMapper(issuedBy))
    if (mapped.length === 0) return notApplicable('no ORM issues the statements')
    const found = [...readRoutes(traces).values()].flatMap(route => {
      const busy = route.traces.flatMap(trace => {
        const spans = mappedReads(trace, byId)
        return new Set(spans.map(span => span.statementId)).size >= thresholds.different ? [{ trace, spans }] : []
      })
      if (busy.length === 0 || busy.length < route.traces.length * thresholds.requestFraction) return []
      const timeFraction =
        busy.reduce((sum, { spans }) => sum + coveredMs(spans), 0) /
        Math.max(
          1e-9,
          busy.reduce((sum, { trace }) => sum + trace.durationMs, 0),
        )
      return timeFraction >= thresholds.timeFraction ? [describe(route, busy, Math.min(1, timeFraction), byId)] : []
    })
    const located = found.map(finding => {
      const site = siteOf(finding.where.route ?? '', finding.where.statementId ?? '', statements, traces)
      return site ? { ...finding, where: { ...finding.where, site } } : finding
    })
    return located.length > 0 ? findings(located) : pass([], 'each request asks only a few different questions')
  },
})

interface Busy {
  readonly trace: Trace
  readonly spans: readonly Span[]
}

function mappedReads(trace: Trace, byId: ReadonlyMap<string, Statement>): readonly Span[] {
  return trace.spans.filter(span => {
    const statement = span.statementId === undefined ? undefined : byId.get(span.statementId)
    return span.kind === 'query' && isMapper(statement?.issuedBy) && workOf(statement) === 'read'
  })
}

function describe(
  route: RouteReading,
  busy: readonly Busy[],
  timeFraction: number,
  byId: ReadonlyMap<string, Statement>,
): Finding {
  const different = median(busy.map(({ spans }) => new Set(spans.map(span => span.statementId)).size))
  const all = median(busy.map(({ spans }) => spans.length))
  const heaviest = heaviestStatements(busy)
  const statement = byId.get(heaviest[0] ?? '')
  const advice: OrmAdvice | undefined = ormAdvice(statement?.issuedBy)
  const where = { route: route.route, ...(statement ? { statementId: statement.id } : {}), resource: 'orm' }
  const link = { traceId: busy[0]!.trace.id }
  return {
    fingerprint: fingerprintOf('orm-queries', { route: route.route, resource: 'orm' }),
    practice: 'orm-queries',
    title: `${advice?.name ?? 'The ORM'} asks ${countText(different)} different questions per request`,
    where,
    facts: [
      fact('different statements per request', different, 'count', 'traces', link),
      fact('queries per request', all, 'count', 'traces', link),
      fact('share of the request', timeFraction, 'fraction', 'traces', link),
    ],
    confidence: 'strong',
    remedy: {
      summary: 'Load the relations of this route together, and drop those it does not answer with.',
      steps: [
        `The heaviest: ${heaviest
          .slice(0, 3)
          .map(id => `"${excerpt(byId.get(id)?.text ?? id, 60)}"`)
          .join(', ')}.`,
        `They take ${percentText(timeFraction)} of the request.`,
        'Look for lazy relations that are read only to be thrown away.',
      ],
      ...(advice ? { code: { language: 'ts' as const, after: advice.eagerLoad } } : {}),
    },
  }
}

function heaviestStatements(busy: readonly Busy[]): readonly string[] {
  const ms = new Map<string, number>()
  for (const span of busy.flatMap(({ spans }) => spans)) {
    ms.set(span.statementId ?? '', (ms.get(span.statementId ?? '') ?? 0) + span.durationMs)
  }
  return [...ms].toSorted((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([id]) => id)
}
