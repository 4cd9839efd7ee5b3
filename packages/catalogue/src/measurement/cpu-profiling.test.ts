import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { times, trace, tracesOf } from '../derive/testing/evidence.ts'
import { blocked, own, profileOf, repeated, secondsOf } from '../derive/testing/profile.ts'
import { cpuProfiling } from './cpu-profiling.ts'

const driver = {
  ...own('parseRow', 80, '/app/node_modules/pg/lib/result.js'),
  owner: 'dependency' as const,
  package: 'pg',
}
const quadratic = profileOf([
  [1, undefined, own('handler', 5), 10],
  [
    2,
    1,
    {
      ...own('dedupe', 40),
      lines: [
        [43, 90],
        [41, 10],
      ],
    },
    100,
  ],
  [3, undefined, { function: '(garbage collector)' }, 30],
  [4, undefined, driver, 60],
])

describePractice(cpuProfiling, {
  silent: {
    'a flat profile': {
      'cpu-profile': profileOf(
        Array.from({ length: 20 }, (_, at) => [at + 1, undefined, own(`f${at}`, at + 1), 10] as const),
      ),
    },
    'a hot function that costs a fifth of a millisecond per request': {
      'cpu-profile': profileOf([[1, undefined, own('handler', 5), 100]], 5_000),
    },
    'five milliseconds, but a twentieth of the CPU': {
      'cpu-profile': profileOf([
        [1, undefined, own('small', 5), 50],
        [2, undefined, driver, 900],
      ]),
    },
    'a handler whose CPU goes into the calls it makes': {
      'cpu-profile': profileOf([
        [1, undefined, own('handler', 5), 20],
        [2, 1, own('fetch', 12_000, 'node:internal/deps/undici/undici'), 300],
        [3, 1, driver, 100],
      ]),
    },
    'the driver is the hottest, and nobody’s own code': { 'cpu-profile': profileOf([[1, undefined, driver, 400]]) },
    'garbage collection is no function': {
      'cpu-profile': profileOf([[1, undefined, { function: '(garbage collector)' }, 400]]),
    },
    'serialisation, which has a practice of its own': {
      'cpu-profile': profileOf([
        [1, undefined, own('handler', 5), 5],
        [2, 1, { function: 'stringify' }, 400],
      ]),
    },
    'a blocking call, which has a practice of its own': {
      'cpu-profile': profileOf([
        [1, undefined, own('handler', 5), 5],
        [2, 1, own('scryptSync', 1, 'node:internal/crypto/scrypt'), 400],
      ]),
    },
    'the loop is held up by it, which event-loop-blocking says': {
      'cpu-profile': quadratic,
      runtime: secondsOf(repeated(5, blocked)),
    },
    'too few samples': { 'cpu-profile': profileOf([[1, undefined, own('handler', 5), 20]], 1) },
    'no request while it ran': { 'cpu-profile': profileOf([[1, undefined, own('job', 5), 400]], 0) },
    'an idle service': { 'cpu-profile': profileOf([]) },
  },
  reports: {
    'a loop inside a loop, with its hottest line': {
      evidence: { 'cpu-profile': quadratic, runtime: secondsOf(repeated(5, {})) },
      finds: [
        {
          fingerprint: 'cpu-profiling||src/report.ts#dedupe|',
          practice: 'cpu-profiling',
          title: 'dedupe takes 50 % of the CPU, 10 ms per request',
          where: { site: [{ file: 'src/report.ts', line: 43, column: 1, function: 'dedupe' }] },
          facts: [
            {
              label: 'share of the CPU',
              quantity: { value: 0.5, unit: 'fraction' },
              evidence: { kind: 'cpu-profile' },
            },
            { label: 'CPU per request', quantity: { value: 10, unit: 'ms' }, evidence: { kind: 'cpu-profile' } },
            { label: 'samples', quantity: { value: 100, unit: 'count' }, evidence: { kind: 'cpu-profile' } },
          ],
          confidence: 'strong',
          edit: { kind: 'demand', resource: 'app-cpu', removeMsPerRequest: 10, blocking: true },
          remedy: {
            summary: 'Make dedupe do less.',
            steps: expect.arrayContaining(['Its hottest line is src/report.ts:43.']),
            code: { language: 'ts', before: expect.any(String), after: expect.stringContaining('new Set') },
          },
        },
      ],
    },
    'what a dependency does is charged to the own function that calls it': {
      evidence: {
        'cpu-profile': profileOf([
          [1, undefined, own('render', 7, 'src/page.ts'), 5],
          [
            2,
            1,
            { ...own('compile', 900, '/app/node_modules/handlebars/x.js'), owner: 'dependency', package: 'handlebars' },
            295,
          ],
        ]),
        traces: tracesOf([...times(50, trace('GET /page', 30, [])), ...times(150, trace('GET /list', 3, []))], {
          'GET /page': { site: [{ file: 'src/page.ts', line: 7, column: 1 }] },
        }),
      },
      finds: [
        expect.objectContaining({
          title: 'render takes 100 % of the CPU, 120 ms per request',
          where: { route: 'GET /page', site: [{ file: 'src/page.ts', line: 7, column: 10, function: 'render' }] },
          edit: expect.objectContaining({ route: 'GET /page', removeMsPerRequest: 120 }),
        }),
      ],
    },
  },
})
