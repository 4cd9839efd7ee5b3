/** CPU spent on turning objects into JSON and back, more than on the answer itself. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type SourceEvidence,
  type TracesEvidence,
  type Where,
} from '@whetstone/model'
import { fact, msText, percentText } from '../derive/figures.ts'
import { frameworkOf } from '../derive/framework.ts'
import { type Charge, msPerRequest, readMainThread } from '../derive/main-thread.ts'

export const serializationFormat = definePractice({
  id: 'serialization-format',
  chapter: 'api',
  title: 'Efficient serialisation',
  why: 'JSON.stringify walks every property in one piece on the main thread; with a schema, or with fewer fields, most of that work disappears.',
  unless: [
    'The share is small: most services spend under 5 % of their CPU on JSON.',
    'Bodies are small and the rate is low.',
    'Clients need JSON: then send less of it instead of another format.',
  ],
  sources: [
    'https://fastify.dev/docs/latest/Reference/Validation-and-Serialization/',
    'https://github.com/fastify/fast-json-stringify#benchmarks',
    'https://nodejs.org/en/learn/asynchronous-work/dont-block-the-event-loop#json-dos',
  ],
  needs: ['cpu-profile'],
  optional: ['traces', 'http-probe', 'source'],
  thresholds: {
    busyFraction: { value: 0.1, unit: 'fraction', source: 'a tenth of the CPU: below, removing it changes nothing' },
    msPerRequest: {
      value: 1,
      unit: 'ms',
      source: 'a body of about 100 kB; below, the share is that of a service that does nothing else',
    },
    heavyMsPerRequest: { value: 5, unit: 'ms', source: 'a core then serves at most 200 such requests a second' },
    failedFraction: {
      value: 0.2,
      unit: 'fraction',
      source: 'with one request in five failing, a good part of the profile is of error answers',
    },
    busySamples: { value: 50, unit: 'count', source: 'with fewer samples a tenth is five, and chance' },
  },
  remedy: {
    summary:
      'Send fewer fields and shorter pages first, then serialise with a schema; use a binary format between own services.',
    library: 'fast-json-stringify (built into Fastify), MessagePack or Protobuf for internal calls',
    example: {
      language: 'ts',
      before: `app.get('/products', () => products)`,
      after: `app.get('/products', { schema: { response: { 200: {
  type: 'array', items: { type: 'object', properties: { id: { type: 'integer' }, name: { type: 'string' } } },
} } } }, () => products)`,
    },
  },
  detect({ 'cpu-profile': profile, traces, 'http-probe': probes, source }, thresholds) {
    const thread = readMainThread(profile, traces)
    if (!thread || thread.busySamples < thresholds.busySamples)
      return notApplicable('the profile has too few samples of work')
    if (traces && failedFraction(traces) >= thresholds.failedFraction)
      return notApplicable('too many requests failed: the profile is of error answers')
    const json = thread.charges.filter(charge => charge.work === 'json')
    const heavy = json.filter(charge => {
      const ms = msPerRequest(charge, thread, traces)
      return (
        (charge.busyFraction >= thresholds.busyFraction && ms >= thresholds.msPerRequest) ||
        ms >= thresholds.heavyMsPerRequest
      )
    })
    const largest = Math.max(
      0,
      ...(probes?.probes ?? []).map(({ answer }) => (answer.json && answer.statusCode < 400 ? answer.bodyBytes : 0)),
    )
    if (heavy.length > 0)
      return findings(heavy.map(charge => describe(charge, msPerRequest(charge, thread, traces), largest, source)))
    const share = json.reduce((sum, charge) => sum + charge.busyFraction, 0)
    return pass(
      [fact('share of the CPU in JSON', share, 'fraction', 'cpu-profile')],
      `JSON takes ${percentText(share)} of the CPU`,
    )
  },
})

function failedFraction({ routes }: TracesEvidence): number {
  const sum = (of: 'requests' | 'errors') => routes.reduce((total, route) => total + route[of], 0)
  return sum('errors') / Math.max(1, sum('requests'))
}

function describe(
  charge: Charge,
  perRequestMs: number,
  largestBytes: number,
  source: SourceEvidence | undefined,
): Finding {
  const where: Where = {
    ...(charge.route === undefined ? {} : { route: charge.route }),
    ...(charge.frame ? { site: [charge.frame] } : {}),
    resource: charge.name,
  }
  const reads = charge.name === 'JSON.parse'
  return {
    fingerprint: fingerprintOf('serialization-format', where),
    practice: 'serialization-format',
    title: `${charge.name} takes ${percentText(charge.busyFraction)} of the CPU, ${msText(perRequestMs)} per request`,
    where,
    facts: [
      fact('share of the CPU', charge.busyFraction, 'fraction', 'cpu-profile'),
      fact('CPU per request', perRequestMs, 'ms', 'cpu-profile'),
      ...(largestBytes > 0 ? [fact('largest JSON answer', largestBytes, 'bytes', 'http-probe')] : []),
    ],
    confidence: 'strong',
    edit: {
      kind: 'demand',
      resource: 'app-cpu',
      ...(charge.route === undefined ? {} : { route: charge.route }),
      // A schema or half the fields halves the work; it does not remove it.
      removeMsPerRequest: perRequestMs / 2,
      blocking: true,
    },
    remedy: {
      summary: reads ? 'Parse less, and parse it once.' : 'Serialise less, and with a schema.',
      steps: [
        ...(charge.frame
          ? [`It runs in ${charge.frame.function ?? 'the function'} at ${charge.frame.file}:${charge.frame.line}.`]
          : []),
        ...(reads
          ? [
              'Keep the parsed object instead of the text; let the database answer the part of the document that is needed.',
            ]
          : [
              'Leave out fields that no client reads, and page long lists: that saves CPU, bytes and database work at once.',
            ]),
        ...(reads ? [] : ['Where the same document is sent many times, keep its text.']),
      ],
      ...(reads ? {} : { code: { language: 'ts' as const, after: codeFor(source) } }),
    },
  }
}

function codeFor(source: SourceEvidence | undefined): string {
  if (frameworkOf(source) === 'fastify')
    return `app.get('/list', {
  schema: { response: { 200: { type: 'array', items: { type: 'object', properties: {
    id: { type: 'integer' },
    name: { type: 'string' },
  } } } } }, // only these fields are sent, by a serialiser made for them
}, handler)`
  return `import fastJson from 'fast-json-stringify'

const serialise = fastJson({ type: 'array', items: { type: 'object', properties: {
  id: { type: 'integer' },
  name: { type: 'string' },
} } })
response.setHeader('content-type', 'application/json').end(serialise(rows))`
}
