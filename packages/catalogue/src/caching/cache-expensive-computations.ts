/** CPU spent on computing what was computed a moment ago for the same request, and totals the database adds up again. */
import {
  ask,
  definePractice,
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  type HttpProbeEvidence,
  notApplicable,
  pass,
  type StatementsEvidence,
  type TracesEvidence,
  type Where,
} from '@whetstone/model'
import {
  cacheableFacts,
  type CacheableRead,
  cacheableReads,
  cacheableThresholds,
  chosenSize,
  isWorthCaching,
  simulationSteps,
} from '../derive/cacheable-reads.ts'
import { cacheProposal } from '../derive/cacheable-finding.ts'
import { effectiveLimits } from '../derive/effective-limits.ts'
import { countText, excerpt, fact, msText, percentText } from '../derive/figures.ts'
import { type Charge, msPerRequest, readMainThread } from '../derive/main-thread.ts'
import { readAnswers } from '../derive/http-answers.ts'
import { type RepeatedRequests, repeatedRequests } from '../derive/repeated-requests.ts'
import { readRoutes } from '../derive/routes.ts'
import { statementsById, workOf } from '../derive/statements.ts'

export const cacheExpensiveComputations = definePractice({
  id: 'cache-expensive-computations',
  chapter: 'caching',
  title: 'Cache expensive computations',
  why: 'What depends on nothing but its arguments has one result for them; computing it again costs CPU that all requests share, and on one thread it makes the others wait.',
  unless: [
    'The result depends on the time, on the user or on what others write meanwhile, and the key cannot say so.',
    'Arguments hardly ever come back, or the results are too large to keep.',
    'The work can be made cheap: a better algorithm needs no memory and is never old.',
  ],
  sources: [
    'https://nodejs.org/en/learn/asynchronous-work/dont-block-the-event-loop',
    'https://www.jstor.org/stable/2333344',
  ],
  needs: ['traces'],
  optional: ['cpu-profile', 'statements', 'http-probe', 'pg', 'load-curve'],
  thresholds: {
    busyFraction: {
      value: 0.05,
      unit: 'fraction',
      source: 'of the CPU: one part in twenty, below which nobody feels it',
    },
    repeatedFraction: { value: 0.5, unit: 'fraction', source: 'below it most calls pay for the lookup and the work' },
    samples: {
      value: 25,
      unit: 'count',
      source: 'requests with an address: with fewer the fraction is uncertain by more than a fifth',
    },
    msPerRequest: { value: 1, unit: 'ms', source: 'of CPU: below, a lookup and its bookkeeping are no gain' },
    sameAfterMs: {
      value: 1_000,
      unit: 'ms',
      source: 'an answer that was the same a second later does not follow the clock',
    },
  },
  remedy: {
    summary:
      'Keep the result by the arguments it depends on, with a bound and an end, and compute it once for all who ask meanwhile.',
    library: '@whetstone/runtime/cache cached(), or lru-cache with fetchMethod',
    example: {
      language: 'ts',
      before: `app.get('/reports/:year', request => summarise(request.params.year))  // 40 ms of CPU, every time the same`,
      after: `const reports = new LRUCache({ max: 100, ttl: 300_000 }) // at the top of the module
app.get('/reports/:year', ({ params: { year } }) => {
  const report = reports.get(year) ?? summarise(year)
  reports.set(year, report)
  return report
})`,
    },
    withRuntime: `import { Cache } from '@whetstone/runtime/cache'
const cache = new Cache({ name: 'reports', maxEntries: 100, defaults: { ttlMs: 300_000 } })
const summarise = (wanted: number) => ({ orders: wanted * 2 })
const report = await cache.getOrLoad(\`report:\${id}\`, () => summarise(id))`,
  },
  detect(
    { traces, 'cpu-profile': profile, statements, 'http-probe': probes, pg, 'load-curve': load },
    thresholds,
    overrides,
  ) {
    const isLoad = load !== undefined
    const computed = computations(traces, profile && readMainThread(profile, traces), thresholds)
    const totals = statements
      ? (
          cacheableReads(
            { traces, statements, pg, isLoad },
            effectiveLimits(cacheableThresholds, 'db-caching-layer', overrides),
            overrides,
          ) ?? []
        )
          .filter(isWorthCaching)
          .filter(({ statement }) => statement.shape?.hasAggregate || statement.shape?.groupBy)
      : []
    const writing = writingRoutes(statements)
    const read = computed.filter(({ charge }) => /^(?:GET|HEAD) /.test(charge.route) && !writing.has(charge.route))
    const pure = read.filter(one => staysTheSame(one, probes, thresholds.sameAfterMs))
    if (pure.length + totals.length > 0)
      return findings([
        ...pure.map(one => describe(one, isLoad)),
        ...totals.map(one => describeTotal(one, isLoad, statements!, traces)),
      ])
    const [unclear] = read
    if (unclear)
      return ask(
        `${nameOf(unclear)} takes ${percentText(unclear.charge.busyFraction)} of the CPU, and ${percentText(unclear.repeated.seenFraction)} of its requests ask for what was asked before. Does its result depend on anything but its arguments?`,
        factsOf(unclear),
      )
    if (!profile && !statements?.reads) return notApplicable('neither the CPU nor the keys of the reads were looked at')
    return pass([], 'nothing dear is computed again for the same request')
  },
})

interface Computation {
  readonly charge: Charge & { readonly route: string }
  readonly perRequestMs: number
  readonly repeated: RepeatedRequests
}

/** Own functions that take much of the CPU for requests that come again, each on the one route that is known to run it. */
function computations(
  traces: TracesEvidence,
  thread: ReturnType<typeof readMainThread>,
  limits: {
    readonly busyFraction: number
    readonly repeatedFraction: number
    readonly samples: number
    readonly msPerRequest: number
  },
): readonly Computation[] {
  if (!thread) return []
  const heaviest = new Map<string, Computation>()
  for (const charge of thread.charges) {
    const { route, work, busyFraction, frame } = charge
    const reading = route === undefined ? undefined : readRoutes(traces).get(route)
    if (route === undefined || !reading || !frame || work === 'sync' || busyFraction < limits.busyFraction) continue
    const repeated = repeatedRequests(reading.traces)
    const perRequestMs = msPerRequest(charge, thread, traces)
    const isRepeated = repeated.samples >= limits.samples && repeated.seenFraction >= limits.repeatedFraction
    // The handler of a route is one cache: what else it calls would be answered by the same.
    if (isRepeated && perRequestMs >= limits.msPerRequest && !heaviest.has(route))
      heaviest.set(route, { charge: { ...charge, route }, perRequestMs, repeated })
  }
  return [...heaviest.values()]
}

function writingRoutes(statements: StatementsEvidence | undefined): ReadonlySet<string> {
  if (!statements) return new Set()
  const byId = statementsById(statements)
  return new Set(statements.uses.filter(use => workOf(byId.get(use.statementId)) === 'write').map(({ route }) => route))
}

/** The same request was answered with the same bytes some time later, to somebody who was nobody in particular. */
function staysTheSame({ charge }: Computation, probes: HttpProbeEvidence | undefined, afterMs: number): boolean {
  const answer = probes && readAnswers(probes).find(({ route }) => route === charge.route)
  if (!answer?.repeat || answer.repeat.afterMs < afterMs) return false
  const isPersonal = probes?.probes.some(({ route, authorised }) => route === charge.route && authorised)
  return !isPersonal && answer.repeat.answer.bodyHash === answer.plain.bodyHash
}

const nameOf = ({ charge: { frame, name } }: Computation): string => frame?.function ?? name

function factsOf({ charge, perRequestMs, repeated }: Computation): readonly Fact[] {
  return [
    fact('share of the CPU', charge.busyFraction, 'fraction', 'cpu-profile'),
    fact('CPU per request', perRequestMs, 'ms', 'cpu-profile'),
    fact('requests that were asked before, at least', repeated.seenFraction, 'fraction', 'traces'),
    fact('sampled requests', repeated.samples, 'count', 'traces'),
    fact('different ones among them', repeated.different, 'count', 'traces'),
  ]
}

function describe(one: Computation, isLoad: boolean): Finding {
  const { charge, perRequestMs, repeated } = one
  const { route, frame } = charge
  const where: Where = { route, ...(frame ? { site: [frame] } : {}) }
  return {
    fingerprint: fingerprintOf('cache-expensive-computations', where),
    practice: 'cache-expensive-computations',
    title: `${nameOf(one)} computes ${msText(perRequestMs)} a request, ${percentText(repeated.seenFraction)} of it again`,
    where,
    facts: factsOf(one),
    // That it is the same for the same arguments was seen for one address, and the keys may be those of a load.
    confidence: isLoad ? 'suspected' : 'strong',
    edit: {
      kind: 'demand',
      resource: 'app-cpu',
      route,
      removeMsPerRequest: perRequestMs * repeated.seenFraction,
      blocking: true,
    },
    remedy: {
      summary: `Keep what ${nameOf(one)} computes, by the arguments it depends on.`,
      steps: [
        ...(frame
          ? [`It runs at ${frame.file}:${frame.line} and takes ${percentText(charge.busyFraction)} of the CPU.`]
          : []),
        `${countText(repeated.samples)} sampled requests asked for ${countText(repeated.different)} different addresses: a cache of as many entries answers ${percentText(repeated.seenFraction)} of them at least.`,
        'The same address was answered with the same bytes again: see that no argument hides, as the time, the user or a setting.',
        'First look whether it must do so much: what is made cheap needs no cache.',
      ],
      code: {
        language: 'ts',
        after: `// at the top of the module: made in a handler it would be empty for every request
const kept = new LRUCache({ max: ${Math.max(100, repeated.different * 2)}, ttl: 60_000 })
// where it is computed:
const result = kept.get(key) ?? compute(key)
kept.set(key, result)`,
      },
    },
  }
}

function describeTotal(
  read: CacheableRead,
  isLoad: boolean,
  statements: StatementsEvidence,
  traces: TracesEvidence,
): Finding {
  const { statement, use } = read
  const point = chosenSize(read)
  return {
    ...cacheProposal({ practice: 'cache-expensive-computations', read, isLoad, statements, traces }),
    title: `The same total is added up again in ${percentText(point.hitFraction)} of the requests, ${msText(use.totalMs / use.calls)} each`,
    facts: cacheableFacts(read),
    remedy: {
      summary: `Keep the total of "${excerpt(statement.text, 60)}" for ${msText(point.ttlMs)}.`,
      steps: [
        ...simulationSteps(read, point, isLoad),
        'A total that must be exact is kept in a column by a trigger; one that may be a minute old, in a cache.',
      ],
      code: {
        language: 'ts',
        after: `const total = await cache.getOrLoad(\`total:\${id}\`, () => pool.query(sql, [id]), { ttlMs: ${point.ttlMs} })`,
      },
    },
  }
}
