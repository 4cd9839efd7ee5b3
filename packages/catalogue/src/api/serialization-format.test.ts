import { expect } from 'vitest'
import { describePractice, stated } from '../derive/testing/describe-practice.ts'
import { httpProbe, httpProbesOf, times, trace, tracesOf } from '../derive/testing/evidence.ts'
import { own, profileOf } from '../derive/testing/profile.ts'
import { serializationFormat } from './serialization-format.ts'

const stringify = { function: 'stringify' }
const list = profileOf([
  [1, undefined, own('handler', 5), 40],
  [2, 1, stringify, 160],
])

describePractice(serializationFormat, {
  silent: {
    'no JSON in the profile': { 'cpu-profile': profileOf([[1, undefined, own('handler', 5), 200]]) },
    'a twentieth of the CPU': {
      'cpu-profile': profileOf([
        [1, undefined, own('handler', 5), 190],
        [2, 1, stringify, 10],
      ]),
    },
    'most of the CPU of a service that does nothing else': {
      'cpu-profile': profileOf(
        [
          [1, undefined, own('handler', 5), 20],
          [2, 1, stringify, 80],
        ],
        5_000,
      ),
    },
    'a function of the service that happens to be called stringify': {
      'cpu-profile': profileOf([[1, undefined, own('stringify', 5), 300]]),
    },
    'a dependency that serialises by a schema': {
      'cpu-profile': profileOf([
        [
          1,
          undefined,
          { ...own('anonymous', 1, '/app/node_modules/fast-json-stringify/index.js'), owner: 'dependency' },
          300,
        ],
      ]),
    },
    'too few samples': { 'cpu-profile': profileOf([[1, undefined, stringify, 30]], 1) },
    'no request while it ran': { 'cpu-profile': profileOf([[1, undefined, stringify, 300]], 0) },
    'half of the requests fail: it is error answers that are turned into text': {
      'cpu-profile': list,
      traces: tracesOf(times(100, trace('GET /list', 5, [])), { 'GET /list': { errors: 50 } }),
    },
    'an idle service': { 'cpu-profile': profileOf([]) },
  },
  reports: {
    'a list that the framework turns into text, where V8 charges the builtin to its caller': {
      evidence: {
        'cpu-profile': profileOf([
          [1, undefined, own('handler', 5), 40],
          [3, undefined, { function: 'parserOnIncoming', file: 'node:_http_server' }, 0],
          [2, 3, { ...own('serialize', 1085, '/app/node_modules/fastify/lib/reply.js'), owner: 'dependency' }, 160],
        ]),
      },
      finds: [
        expect.objectContaining({
          title: 'JSON.stringify takes 80 % of the CPU, 16 ms per request',
          where: { resource: 'JSON.stringify' },
        }),
      ],
    },
    'a long list turned into text': {
      evidence: {
        'cpu-profile': list,
        'http-probe': httpProbesOf(
          httpProbe('GET /products', { bodyBytes: 900_000, json: { kind: 'array', items: 5_000, keys: ['id'] } }),
        ),
        source: { schema: 'source@1', root: '/app', dependencies: { fastify: '5' }, excerpts: {} },
      },
      finds: [
        {
          fingerprint: 'serialization-format||src/report.ts#handler|JSON.stringify',
          practice: 'serialization-format',
          title: 'JSON.stringify takes 80 % of the CPU, 16 ms per request',
          where: {
            site: [{ file: 'src/report.ts', line: 5, column: 10, function: 'handler' }],
            resource: 'JSON.stringify',
          },
          facts: [
            stated('share of the CPU', 0.8, 'fraction', 'cpu-profile'),
            stated('CPU per request', 16, 'ms', 'cpu-profile'),
            stated('largest JSON answer', 900_000, 'bytes', 'http-probe'),
          ],
          confidence: 'strong',
          edit: { kind: 'demand', resource: 'app-cpu', removeMsPerRequest: 8, blocking: true },
          remedy: {
            summary: 'Serialise less, and with a schema.',
            steps: expect.arrayContaining(['It runs in handler at src/report.ts:5.']),
            code: { language: 'ts', after: expect.stringContaining('schema: { response') },
          },
        },
      ],
    },
    'documents parsed again for every request, by nobody’s own code': {
      evidence: { 'cpu-profile': profileOf([[1, undefined, { function: 'parse' }, 200]]) },
      finds: [
        expect.objectContaining({
          title: 'JSON.parse takes 100 % of the CPU, 20 ms per request',
          where: { resource: 'JSON.parse' },
        }),
      ],
    },
  },
})
