/** Whether something watches rate, errors and duration of every route when this tool is gone. */
import { ask, definePractice, type Fact, pass, unknown } from '@whetstone/model'
import { countText, fact } from '../derive/figures.ts'

export const redMethod = definePractice({
  id: 'red-method',
  chapter: 'foundations',
  title: 'RED: rate, errors, duration per route',
  why: 'Three series for each route say whether users are served, before they say it themselves; one series for all routes hides the one that fails.',
  unless: ['It is a job or a library: nobody asks it anything.'],
  sources: [
    'https://grafana.com/blog/2018/08/02/the-red-method-how-to-instrument-your-services/',
    'https://opentelemetry.io/docs/specs/semconv/http/http-metrics/',
  ],
  needs: ['traces'],
  optional: ['source'],
  thresholds: {
    routes: {
      value: 500,
      unit: 'count',
      source: 'more names than a service has routes: whole URLs are used as labels, and every one of them is a series',
    },
  },
  remedy: {
    summary: 'Record rate, errors and duration by the pattern of the route, never by the URL.',
    library: '@opentelemetry/instrumentation-http, or prom-client',
    example: {
      language: 'ts',
      before: `histogram.observe({ path: request.url }, seconds) // a series for every customer`,
      after: `histogram.observe({ route: request.routeOptions.url, status: reply.statusCode }, seconds)`,
    },
  },
  detect({ traces, source }, { routes: most }) {
    const routes = new Set(traces.routes.map(({ route }) => route)).size
    if (routes === 0)
      return unknown(['traces'], 'no request was followed', 'whetstone diagnose -- <command>, or --otlp :4318')
    const facts: readonly Fact[] = [fact('routes told apart in this run', routes, 'count', 'traces')]
    if (traces.source !== 'probe')
      return routes > most
        ? ask(`Its traces name ${countText(routes)} routes: are whole URLs used as names?`, facts)
        : pass(facts, `it sends traces of its own, with ${countText(routes)} route names`)
    const monitor = Object.keys(source?.dependencies ?? {}).find(name => monitors.test(name))
    if (monitor) return pass(facts, `${monitor} is among its dependencies`)
    return ask('What watches rate, errors and duration of each route when whetstone is gone?', facts)
  },
})

/** Packages whose purpose is to record requests, by the names under which they are published. */
const monitors =
  /^(?:prom-client|express-prom-bundle|fastify-metrics|@fastify\/otel|@opentelemetry\/(?:sdk-node|sdk-metrics|instrumentation-http|auto-instrumentations-node)|dd-trace|newrelic|elastic-apm-node|@sentry\/node|applicationinsights|@google-cloud\/opentelemetry-cloud-monitoring-exporter|@appsignal\/nodejs|hot-shots)$/
