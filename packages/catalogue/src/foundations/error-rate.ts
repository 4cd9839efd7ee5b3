/** Requests that fail: 5xx answers, timeouts and broken connections, which must never pass for fast answers. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  type HttpProbeEvidence,
  type LoadStep,
  pass,
  reportedStep,
  type RouteLoad,
  unknown,
} from '@whetstone/model'
import { clopperPearson } from '@whetstone/stats'
import { countText, fact, percentText } from '../derive/figures.ts'

export const errorRate = definePractice({
  id: 'error-rate',
  chapter: 'foundations',
  title: 'Track and limit error rate',
  why: 'A failed request costs its user more than a slow one, and a service that fails fast looks fast: latency means something only beside the error rate.',
  unless: ['The request itself was wrong: a 4xx answer is the right answer to it.'],
  sources: [
    'https://sre.google/workbook/alerting-on-slos/',
    'https://www.rfc-editor.org/rfc/rfc9110#name-server-error-5xx',
  ],
  needs: ['load-curve'],
  optional: ['http-probe'],
  thresholds: {
    errorFraction: { value: 0.001, unit: 'fraction', source: 'an availability objective of 99.9 %' },
    failures: {
      value: 3,
      unit: 'count',
      source: 'one or two may be a moment of the machine, however few requests there were',
    },
  },
  remedy: {
    summary: 'Find what fails, bound what waits, and shed what is too much before it times out.',
    example: {
      language: 'ts',
      before: `const pool = new Pool({ max: 2 })`,
      after: `const pool = new Pool({ max: 10, connectionTimeoutMillis: 2_000 })
if (pool.waitingCount > 50) return reply.code(503).header('retry-after', '1').send()`,
    },
  },
  detect({ 'load-curve': curve, 'http-probe': probes }, { errorFraction, failures }) {
    const step = reportedStep(curve)
    const isLate = step?.generator.verdict === 'invalid'
    const failing = (step?.routes ?? []).filter(
      load =>
        isOver(load.errors, load.requests, errorFraction) &&
        (isLate ? isAlwaysAnswered5xx(load) : load.errors >= failures || isConfirmed(load, probes)),
    )
    if (!step || (isLate && failing.length === 0))
      return unknown(
        ['load-curve'],
        'the load generator could not keep up, so its errors may be its own',
        'a lower --rate',
      )
    const { requests, errors } = step.overall
    const everywhere = failingEverywhere(failing, step)
    if (failing.length > 0)
      return findings([
        ...(everywhere.length > 0 ? [scattered(step, everywhere, probes)] : []),
        ...failing.filter(load => !everywhere.includes(load)).map(load => describe(load, step, probes)),
      ])
    if (requests === 0) return unknown(['load-curve'], 'no request was sent')
    if (errors >= failures && isOver(errors, requests, errorFraction))
      return findings([scattered(step, step.routes, probes)])
    return pass(
      [fact('failed requests', errors / requests, 'fraction', 'load-curve')],
      `${countText(errors)} of ${countText(requests)} requests failed`,
    )
  },
})

/** The whole 95 % interval must lie above: one failure in five hundred may be chance. */
function isOver(errors: number, requests: number, limit: number): boolean {
  return errors > 0 && requests > 0 && clopperPearson(Math.min(errors, requests), requests).low > limit
}

/** Few requests, but all of them failed, or the one that was sent alone as well: it fails whenever it is asked. */
function isConfirmed({ route, errors, requests }: RouteLoad, probes: HttpProbeEvidence | undefined): boolean {
  return (
    (errors >= 2 && errors === requests) ||
    (probes?.probes ?? []).some(probe => probe.route === route && probe.answer.statusCode >= 500)
  )
}

/** However late the requests were sent, it was the service that failed each of them. */
function isAlwaysAnswered5xx(load: RouteLoad): boolean {
  const answered = serverErrorsOf(load).reduce((sum, [, count]) => sum + count, 0)
  return load.requests >= 2 && answered === load.requests
}

/** What fails in one way on every second route has one cause that no route is to blame for. */
function failingEverywhere(failing: readonly RouteLoad[], { routes }: LoadStep): readonly RouteLoad[] {
  const asked = routes.filter(({ requests }) => requests > 0)
  const ways = [isDown, (load: RouteLoad) => !isDown(load)]
  const way = ways.find(fails => {
    // One failure of a route that is hardly called proves nothing alone, but it does beside the same of all others.
    const alike = asked.filter(load => load.errors > 0 && fails(load))
    return failing.filter(fails).length > 1 && alike.length >= asked.length / 2
  })
  return way ? failing.filter(way) : []
}

/** Most of its failures are those of a service, or of what it stands on, that is gone or overloaded; the others are exceptions. */
function isDown(load: RouteLoad): boolean {
  const exceptions = serverErrorsOf(load).reduce((sum, [code, count]) => sum + (gatewayCodes.has(code) ? 0 : count), 0)
  return exceptions < load.errors / 2
}

const gatewayCodes: ReadonlySet<string> = new Set(['502', '503', '504'])

const serverErrorsOf = ({ statusCounts }: RouteLoad): readonly (readonly [string, number])[] =>
  Object.entries(statusCounts)
    .filter(([code]) => Number(code) >= 500)
    .toSorted((a, b) => b[1] - a[1])

/** Of the route itself; runs of older versions know the kinds of the whole step only. */
const unansweredOf = ({ errorsByKind = {} }: RouteLoad): readonly (readonly [string, number])[] =>
  Object.entries(errorsByKind).filter(([kind]) => !kind.startsWith('http-'))

function describe(load: RouteLoad, step: LoadStep, probes: HttpProbeEvidence | undefined): Finding {
  const where = { route: load.route }
  const codes = serverErrorsOf(load)
  const answered = codes.reduce((sum, [, count]) => sum + count, 0)
  const kinds = codes.map(([code, count]) => `${countText(count)} × ${code}`)
  const unanswered = load.errors - answered
  const why = kindsOf(load.errorsByKind ? Object.fromEntries(unansweredOf(load)) : step.errorsByKind)
  return {
    fingerprint: fingerprintOf('error-rate', where),
    practice: 'error-rate',
    title: `${percentText(load.errors / load.requests)} of the requests fail`,
    where,
    facts: [
      failedFraction(load.errors, load.requests),
      fact('failed requests', load.errors, 'count', 'load-curve'),
      ...codes.map(([code, count]) => fact(`answered ${code}`, count, 'count', 'load-curve')),
    ],
    confidence: 'measured',
    risk: 'outage',
    remedy: {
      summary:
        answered >= load.errors / 2
          ? 'Find the exception behind the 5xx.'
          : 'Find out why requests are never answered.',
      steps: [
        `Failures: ${[...kinds, ...(unanswered > 0 ? [`${countText(unanswered)} without an answer (${why})`] : [])].join(', ')}.`,
        ...messageStep(probes, [load]),
        'Its latency figures hold only the requests that succeeded.',
        ...shedding(step),
      ],
    },
  }
}

function scattered(step: LoadStep, loads: readonly RouteLoad[], probes: HttpProbeEvidence | undefined): Finding {
  const { errors, requests } = step.overall
  const where = { resource: 'all routes' }
  return {
    fingerprint: fingerprintOf('error-rate', where),
    practice: 'error-rate',
    title: `${percentText(errors / requests)} of the requests fail, spread over the routes`,
    where,
    facts: [failedFraction(errors, requests), fact('failed requests', errors, 'count', 'load-curve')],
    confidence: 'measured',
    risk: 'outage',
    remedy: {
      summary: 'Find out what the routes have in common.',
      steps: [
        `Failures: ${kindsOf(step.errorsByKind)}.`,
        ...namesStep(loads),
        ...messageStep(probes, loads),
        ...shedding(step),
      ],
    },
  }
}

const mostRoutesNamed = 5

/** Those with most failures. */
function namesStep(loads: readonly RouteLoad[]): readonly string[] {
  const failing = loads.filter(({ errors }) => errors > 0).toSorted((a, b) => b.errors - a.errors)
  const names = failing
    .slice(0, mostRoutesNamed)
    .map(({ route, errors, requests }) => `${route} (${countText(errors)} of ${countText(requests)})`)
  const more = failing.length - names.length
  return names.length === 0
    ? []
    : [`Most fail on ${names.join(', ')}${more > 0 ? `, and on ${countText(more)} more` : ''}.`]
}

/** Asked alone, after the load: what fails only under load answers well then, and says nothing here. */
function messageStep(probes: HttpProbeEvidence | undefined, loads: readonly RouteLoad[]): readonly string[] {
  const routes = new Set(loads.map(({ route }) => route))
  const failed = probes?.probes.find(
    ({ route, answer }) => routes.has(route) && answer.statusCode >= 500 && answer.message !== undefined,
  )
  return failed
    ? [`${failed.route}, asked alone, answered ${failed.answer.statusCode}: "${failed.answer.message ?? ''}".`]
    : []
}

function failedFraction(errors: number, requests: number): Finding['facts'][number] {
  const { low, high } = clopperPearson(Math.min(errors, requests), requests)
  const failed = fact('share of requests that fail', errors / requests, 'fraction', 'load-curve')
  return { ...failed, quantity: { ...failed.quantity, low, high } }
}

const kindsOf = (errorsByKind: Readonly<Record<string, number>>): string =>
  Object.entries(errorsByKind)
    .toSorted((a, b) => b[1] - a[1])
    .map(([kind, count]) => `${countText(count)} × ${kind}`)
    .join(', ') || 'of no known kind'

/** A 503 with nothing else wrong is a service that protects itself; that is a matter of capacity. */
function shedding({ routes, offeredRatePerSecond }: LoadStep): readonly string[] {
  const count = (wanted: (code: number) => boolean): number =>
    routes
      .flatMap(({ statusCounts }) => Object.entries(statusCounts))
      .reduce((sum, [code, n]) => sum + (wanted(Number(code)) ? n : 0), 0)
  const refused = count(code => code === 503)
  return refused > 0 && refused >= count(code => code >= 500) * 0.9
    ? [
        `Nearly all are 503: the service sheds load at ${countText(offeredRatePerSecond)} requests a second; measure at a lower rate or find the bottleneck.`,
      ]
    : []
}
