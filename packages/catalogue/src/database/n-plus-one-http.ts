/** One call to another service per row of a list, where one call for all rows would do. */
import { definePractice, type Finding, findings, fingerprintOf, notApplicable, pass } from '@whetstone/model'
import { countText, fact, percentText } from '../derive/figures.ts'
import { type LoopSummary, repeatsByCall, summarise } from '../derive/repeats.ts'

export const nPlusOneHttp = definePractice({
  id: 'n-plus-one-http',
  chapter: 'database',
  title: 'Call other services once per list, not once per row',
  why: 'Each call pays a round trip and its share of failures, so the request is as slow as all of them in turn, and fails when any of them does.',
  unless: [
    'The other service offers nothing for many keys, and the calls already run together within a limit.',
    'The answers are cached and most calls never leave the process.',
  ],
  sources: [
    'https://docs.sentry.io/product/issues/issue-details/performance-issues/n-one-api-calls/',
    'https://github.com/graphql/dataloader#batching',
  ],
  needs: ['traces'],
  thresholds: {
    calls: { value: 5, unit: 'count', source: 'Sentry N+1 API calls, default count' },
    totalMs: { value: 300, unit: 'ms', source: 'Sentry N+1 API calls, default duration' },
    timeFraction: { value: 0.1, unit: 'fraction', source: 'a tenth of the request, as for queries' },
    requestFraction: {
      value: 0.05,
      unit: 'fraction',
      source: 'a loop in fewer requests than one in twenty cannot move the p95',
    },
  },
  remedy: {
    summary: 'Ask for all keys in one call; where the service offers none, run them together within a limit.',
    library: 'DataLoader',
    example: {
      language: 'ts',
      before: `for (const order of orders) {
  order.customer = await fetch(\`\${users}/users/\${order.customerId}\`).then(answer => answer.json())
}`,
      after: `const ids = [...new Set(orders.map(order => order.customerId))]
const customers = await fetch(\`\${users}/users?ids=\${ids.join(',')}\`).then(answer => answer.json())`,
    },
  },
  detect({ traces }, thresholds) {
    const calls = repeatsByCall(traces)
    if (!traces.traces.some(trace => trace.spans.some(span => span.kind === 'outbound'))) {
      return notApplicable('no request calls another service')
    }
    const found = calls.flatMap(repeats => {
      const loop = summarise(repeats, thresholds.calls)
      const span = repeats.loops[0]?.spans[0]
      const isHeavy =
        loop !== undefined &&
        loop.requestFraction >= thresholds.requestFraction &&
        (loop.timeFraction >= thresholds.timeFraction || loop.coveredMs >= thresholds.totalMs)
      if (!loop || !span || !isHeavy) return []
      return [describe(repeats.route.route, span.host ?? '', span.urlTemplate ?? span.name, loop)]
    })
    return found.length > 0
      ? findings(found)
      : pass([], `no call repeats ${thresholds.calls} times in a request at a cost`)
  },
})

function describe(route: string, host: string, urlTemplate: string, loop: LoopSummary): Finding {
  const where = { route, resource: `${host} ${urlTemplate}`, ...(loop.site ? { site: loop.site } : {}) }
  const link = { traceId: loop.exampleTraceId }
  const [call, caller] = loop.site ?? []
  return {
    fingerprint: fingerprintOf('n-plus-one-http', { route, resource: where.resource }),
    practice: 'n-plus-one-http',
    title: `${countText(loop.count)} calls to ${host} per request where 1 would do`,
    where,
    facts: [
      fact('calls of one address per request', loop.count, 'count', 'traces', link),
      fact('time in them per request', loop.coveredMs, 'ms', 'traces', link),
      fact('share of the request', loop.timeFraction, 'fraction', 'traces', link),
      fact('one call', loop.perRunMs, 'ms', 'traces', link),
    ],
    confidence: 'strong',
    edit: { kind: 'trace', change: { kind: 'collapse-outbound', host, urlTemplate }, route },
    remedy: {
      summary: `Ask ${host} for all ${countText(loop.count)} keys in one call.`,
      steps: [
        ...(call
          ? [
              `The call is made at ${call.file}:${call.line}${caller ? `, called from ${caller.file}:${caller.line}` : ''}.`,
            ]
          : []),
        `It takes ${percentText(loop.timeFraction)} of the request.`,
        loop.concurrent
          ? 'The calls already run together: one call for all still saves their cost on both sides.'
          : 'Where the service offers nothing for many keys, run the calls together within a limit instead of in turn.',
      ],
      code: {
        language: 'ts',
        before: `for (const id of ids) await fetch(\`http://${host}${pathOf(urlTemplate)}\`)`,
        after: `const loader = new DataLoader(async ids => {
  const answer = await fetch(\`http://${host}${pathOf(urlTemplate).replace(/\/[^/]*$/, '')}?ids=\${ids.join(',')}\`)
  const byId = new Map((await answer.json()).map(row => [row.id, row]))
  return ids.map(id => byId.get(id))
}) // one per request
await Promise.all(ids.map(id => loader.load(id)))`,
      },
    },
  }
}

/** Templates come as a path, with or without a method or a host before it. */
function pathOf(urlTemplate: string): string {
  const path = /(?:^|\s|:\/\/[^/]*)(\/\S*)$/.exec(urlTemplate)?.[1] ?? '/'
  return path.replaceAll(/:\w+|\{\w+\}/g, '${id}')
}
